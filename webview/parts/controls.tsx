import type { ComponentChildren, JSX } from "preact";
import { VscodeButton, VscodeCheckbox, VscodeIcon, VscodeOption, VscodeSingleSelect, VscodeTextarea, VscodeTextfield } from "./elements.ts";

/** The editor's own controls, as web components; their values go through `value` and `onChange`. */

/** `size` in pixels. */
export function Icon({ name, spin = false, size = 16 }: { readonly name: string; readonly spin?: boolean; readonly size?: number }): JSX.Element {
  return <VscodeIcon name={name} spin={spin} size={size} aria-hidden="true" />;
}

export interface ButtonProps {
  readonly children: ComponentChildren;
  readonly onClick: () => void;
  readonly icon?: string;
  readonly primary?: boolean;
  readonly disabled?: boolean;
  readonly title?: string;
}

export function Button({ children, onClick, icon, primary = false, disabled = false, title }: ButtonProps): JSX.Element {
  return (
    <VscodeButton secondary={!primary} disabled={disabled} {...(icon === undefined ? {} : { icon })} {...(title === undefined ? {} : { title })} onClick={() => { if (!disabled) onClick(); }}>
      {children}
    </VscodeButton>
  );
}

/** An icon alone; its label is what screen readers and the tooltip say. */
export function IconButton({ icon, label, onClick, pressed, disabled = false }: { readonly icon: string; readonly label: string; readonly onClick: () => void; readonly pressed?: boolean; readonly disabled?: boolean }): JSX.Element {
  return (
    <button type="button" class="icon-button" title={label} aria-label={label} disabled={disabled} {...(pressed === undefined ? {} : { "aria-pressed": pressed })} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}

export interface FieldProps<T> {
  readonly label: string;
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly placeholder?: string;
  readonly invalid?: boolean;
  readonly disabled?: boolean;
}

const valueOf = (event: Event): string => (event.currentTarget as HTMLInputElement).value;

export function TextField({ label, value, onChange, placeholder = "", invalid = false, disabled = false, type = "text", onEnter }: FieldProps<string> & { readonly type?: string; readonly onEnter?: () => void }): JSX.Element {
  return (
    <VscodeTextfield
      label={label}
      title={label}
      value={value}
      type={type}
      placeholder={placeholder}
      invalid={invalid}
      disabled={disabled}
      onInput={(event) => { onChange(valueOf(event)); }}
      onKeyDown={(event) => { if (event.key === "Enter") onEnter?.(); }}
    />
  );
}

export function TextArea({ label, value, onChange, placeholder = "", invalid = false, disabled = false, rows = 8 }: FieldProps<string> & { readonly rows?: number }): JSX.Element {
  return (
    <VscodeTextarea label={label} value={value} placeholder={placeholder} invalid={invalid} readonly={disabled} rows={rows} monospace resize="vertical" onInput={(event) => { onChange(valueOf(event)); }} />
  );
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

export function Select({ label, value, onChange, choices, disabled = false }: FieldProps<string> & { readonly choices: readonly Choice[] }): JSX.Element {
  return (
    <VscodeSingleSelect label={label} title={label} value={value} disabled={disabled} onChange={(event) => { onChange(valueOf(event)); }}>
      {choices.map((choice) => (
        <VscodeOption key={choice.value} value={choice.value} selected={choice.value === value}>{choice.label}</VscodeOption>
      ))}
    </VscodeSingleSelect>
  );
}

export function Checkbox({ label, value, onChange, disabled = false }: FieldProps<boolean>): JSX.Element {
  return <VscodeCheckbox label={label} checked={value} disabled={disabled} onChange={(event) => { onChange((event.currentTarget as HTMLInputElement).checked); }} />;
}

/** A field with its label before it. */
export function Labelled({ label, children, error }: { readonly label: string; readonly children: ComponentChildren; readonly error?: string | undefined }): JSX.Element {
  return (
    <div class="labelled">
      <span class="label" aria-hidden="true">{label}</span>
      <div class="control">
        {children}
        {error !== undefined && <p class="field-error" role="alert">{error}</p>}
      </div>
    </div>
  );
}
