/** The sign of gatewatch: a shield with a keyhole. */
export function Mark() {
  return (
    <svg className="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path className="mark-shield" d="M16 2 28 7v9c0 7-5 12-12 14C9 28 4 23 4 16V7z" />
      <circle className="mark-hole" cx="16" cy="13" r="4" />
      <path className="mark-hole" d="M14.5 15h3l1.5 9h-6z" />
    </svg>
  );
}
