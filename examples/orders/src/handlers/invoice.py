"""Writes an invoice. Run once a message: JSON on stdin, exit code 0 = done, 100 = dead letter, else retried."""
import json
import os
import pathlib
import sys

message = json.load(sys.stdin)
invoice = message["data"]

if invoice["total"] <= 0:
    print(f"invoice for order {invoice['order']} has no amount", file=sys.stderr)
    sys.exit(100)

path = pathlib.Path("out") / f"{invoice['order']}.txt"
path.parent.mkdir(exist_ok=True)
path.write_text(f"Order {invoice['order']}\n{invoice['customer']}\n{invoice['total'] / 100:.2f}\n")

# Lines on file descriptor 3 appear on the message's timeline.
with os.fdopen(3, "w") as timeline:
    event = {"eventType": "invoice-written", "traceName": f"order-{invoice['order']}", "data": {"file": str(path), "attempt": int(os.environ["QUEUESCOPE_ATTEMPT"])}}
    print(json.dumps(event), file=timeline)
