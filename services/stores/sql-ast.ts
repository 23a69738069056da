/** One line of what `EXPLAIN AST` prints. */
export interface AstNode {
  depth: number;
  /** `SelectQuery`, `Function`, `TableIdentifier`, … */
  kind: string;
  /** What follows it: the name of the function or table, without alias and count of children. */
  name: string;
  parent: AstNode | undefined;
  children: AstNode[];
}

function parseLine(line: string): AstNode {
  const text = line.trimStart();
  const [kind = '', ...rest] = text.trimEnd().split(' ');
  const name = rest
    .join(' ')
    .replace(/ ?\(children \d+\)$/, '')
    .replace(/ ?\(alias .*\)$/, '');
  return { depth: line.length - text.length, kind, name, parent: undefined, children: [] };
}

/** The nodes in the order printed, each knowing its parent and children; undefined when there are more than `maxLines`. A
 *  name with a line break in it makes lines that are no nodes we know; it cannot hide one. */
export function parseAst(ast: string, maxLines: number): AstNode[] | undefined {
  const lines = ast.split('\n').filter((line) => line.trim() !== '');
  if (lines.length > maxLines) return undefined;
  const path: AstNode[] = [];
  return lines.map((line) => {
    const node = parseLine(line);
    path.length = Math.min(path.length, node.depth);
    node.parent = path.at(-1);
    node.parent?.children.push(node);
    path.push(node);
    return node;
  });
}
