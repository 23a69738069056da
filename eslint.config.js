import tseslint from 'typescript-eslint';

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];
const OUTSIDE_WORLD = [
  'fetch',
  'process',
  'console',
  'performance',
  'crypto',
  'navigator',
  'Buffer',
  ...TIMERS,
];

export default tseslint.config(
  { ignores: ['dist/', 'dashboards/web/dist/', 'node_modules/', 'data/', 'coverage/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      eqeqeq: 'error',
      complexity: ['warn', 10],
      'max-lines-per-function': ['warn', { max: 60, skipBlankLines: true, skipComments: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // "12 incidents" needs no String(); objects, null and undefined in a text are still mistakes.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `() => close()` in one line reads well; elsewhere a void value in an expression is still an error.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A port's method promises a Promise: `async` turns a throw into a rejection even where nothing is awaited.
      '@typescript-eslint/require-await': 'off',
      // Names with a leading underscore say that a parameter is there for the shape of the function only.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ['detectors/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        ...OUTSIDE_WORLD.map((name) => ({
          name,
          message: 'Detectors are pure: what they need is given to them.',
        })),
      ],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Time comes from the event.' },
        { object: 'Math', property: 'random', message: 'The same input gives the same answer.' },
        ...['process', 'fetch', 'crypto', 'performance', 'console', ...TIMERS].map((property) => ({
          object: 'globalThis',
          property,
          message: 'Detectors are pure: what they need is given to them.',
        })),
      ],
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: '^(node:|fs|net|http|https|os|crypto|child_process|timers)', message: 'No I/O here.' },
          ],
        },
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time comes from the event.',
        },
        { selector: "CallExpression[callee.name='Date']", message: 'Time comes from the event.' },
      ],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A suite is one function; its size says nothing.
      'max-lines-per-function': 'off',
      // `one?.field` in an expectation is no branch of anybody's thinking.
      complexity: 'off',
      // `expect(log.info).toHaveBeenCalled()` hands a method over without calling it.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  { files: ['**/*.{js,cjs,mjs}'], extends: [tseslint.configs.base, tseslint.configs.disableTypeChecked] },
);
