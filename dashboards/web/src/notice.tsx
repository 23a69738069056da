export function Notice({ error }: { error: Error | undefined }) {
  if (error === undefined) return null;
  return (
    <p className="banner bad" role="alert">
      {error.message}
    </p>
  );
}
