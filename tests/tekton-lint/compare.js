// Holds `stagebook konflux check` beside @ibm/tekton-lint: on the same files, it must find every
// error that the other one finds, unless this table says why it does not.
//
//   node compare.js STAGEBOOK FOLDER...   folders of YAML files; STAGEBOOK is the program

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Which of our codes says what a rule of the other linter says. */
const SAME = {
  'no-deprecated-resource': ['deprecated-version'],
  'no-duplicate-env': ['duplicate-variable'],
  'no-duplicate-param': ['duplicate-parameter'],
  'no-extra-param': ['unknown-parameter'],
  'no-invalid-name': ['object-name', 'task-name', 'parameter-name', 'step-name'],
  'no-invalid-param-type': ['parameter-declaration'],
  'no-latest-image': ['image-digest'],
  'no-missing-param': ['missing-parameter'],
  'no-missing-workspace': ['unbound-workspace', 'undeclared-workspace'],
  'no-pipeline-task-cycle': ['cycle'],
  'no-undefined-param': ['undeclared-parameter'],
  'no-undefined-result': ['unknown-result', 'undeclared-result', 'result-of-unknown-task'],
  'no-undefined-volume': ['undeclared-volume'],
  'no-unused-param': ['unused-parameter'],
  'no-wrong-param-type': ['parameter-type'],
};

/** What only the other linter says, and why we do not. */
const DIFFERENT = {
  'no-missing-resource': 'tasks come from bundles and from the cluster, which no file shows',
  'no-pipeline-missing-task': 'as above',
  'no-missing-hashbang': "Tekton runs such a script with /bin/sh, and Konflux's own tasks do so",
  'prefer-kebab-case': "Konflux's tasks have names in capitals",
  'prefer-beta': 'tekton.dev/v1 is newer',
  'prefer-when-expression': 'conditions of that kind are gone from Tekton',
  'unused': 'of any kind: what is not used does no harm',
};

const [stagebook, ...folders] = process.argv.slice(2);
const lint = join(import.meta.dirname, 'node_modules/.bin/tekton-lint');

/** Returns the YAML files below a folder. */
function files(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => /\.ya?ml$/.test(path) && statSync(path).isFile());
}

/** Returns what the other linter finds, as path and rule. */
function theirs(paths) {
  const { stdout, stderr } = spawnSync(lint, ['--format', 'json', ...paths], { encoding: 'utf8' });
  // The list stands on a line of its own; what goes wrong inside of the linter stands below.
  const line = stdout.split('\n').find((text) => text.startsWith('['));
  if (!line) throw new Error(`tekton-lint gave no list: ${stdout}${stderr}`);
  return JSON.parse(line).map(({ path, rule, level, message }) => ({ path: relative('.', path), rule, level, message }));
}

/** Returns the codes that we find, by path. */
function ours(paths) {
  const { stdout, stderr } = spawnSync(stagebook, ['konflux', 'check', '--format', 'json', ...paths], { encoding: 'utf8' });
  if (!stdout) throw new Error(`stagebook gave nothing: ${stderr}`);
  const codes = new Map(paths.map((path) => [relative('.', path), new Set()]));
  for (const { path, code } of JSON.parse(stdout).findings) codes.get(path)?.add(code);
  return codes;
}

let missed = 0;
let agreed = 0;
for (const folder of folders) {
  const paths = files(folder);
  if (paths.length === 0) {
    console.log(`${folder}: no YAML file`);
    missed += 1;
    continue;
  }
  const codes = ours(paths);
  for (const { path, rule, level, message } of theirs(paths)) {
    const same = SAME[rule];
    if (same?.some((code) => codes.get(path)?.has(code))) {
      agreed += 1;
    } else if (same || !(rule in DIFFERENT)) {
      console.log(`${path}: only tekton-lint says ${rule} (${level}): ${message}`);
      missed += 1;
    }
  }
  console.log(`${folder}: ${paths.length} files`);
}
console.log(`${agreed} findings of tekton-lint are ours as well, ${missed} are not`);
process.exit(missed === 0 ? 0 : 1);
