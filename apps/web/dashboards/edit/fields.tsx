export function TextField(props: {
  label: string;
  value: string;
  hint?: string;
  wrong?: boolean;
  onChange(value: string): void;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <input
        type="text"
        value={props.value}
        placeholder={props.hint}
        aria-invalid={props.wrong}
        onInput={(event) => props.onChange(event.currentTarget.value)}
      />
    </label>
  );
}

export function NumberField(props: {
  label: string;
  value: number | undefined;
  whole?: boolean;
  onChange(value: number | undefined): void;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <input
        type="number"
        step={props.whole ? 1 : "any"}
        min={props.whole ? 0 : undefined}
        max={props.whole ? 10 : undefined}
        value={props.value ?? ""}
        onInput={(event) => {
          const { value, valueAsNumber } = event.currentTarget;
          props.onChange(value === "" || Number.isNaN(valueAsNumber) ? undefined : valueAsNumber);
        }}
      />
    </label>
  );
}

export function Choice<K extends string>(props: {
  label: string;
  value: K;
  options: readonly (readonly [K, string])[];
  onChange(value: K): void;
}) {
  return (
    <label>
      <span>{props.label}</span>
      <select
        aria-label={props.label}
        value={props.value}
        onChange={(event) => props.onChange(event.currentTarget.value as K)}
      >
        {props.options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
