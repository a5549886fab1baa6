// Compiles the projects in the folders on the command line by TypeScript 5.9, all in one process, and checks what is ours in them: their
// programs and the declarations of the package. The types of a runtime are known to be right, and took most of the time of `tsc`.
import { createRequire } from "node:module";

const [compiler, ...folders] = process.argv.slice(2);
if (folders.length === 0) throw new Error("There is no folder to check");
const ts = createRequire(import.meta.url)(compiler);

const fail = ({ messageText }) => {
  throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
};
const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: fail };

for (const folder of folders) {
  const { options, fileNames, errors } = ts.getParsedCommandLineOfConfigFile(
    `${folder}/tsconfig.json`,
    {},
    host,
  );
  const program = ts.createProgram(fileNames, options);
  const files = program.getSourceFiles();
  const declarations = files.filter(({ fileName }) => fileName.includes("/node_modules/@holdfast/"));
  const programs = files.filter(({ fileName }) => fileNames.includes(fileName));
  if (declarations.length === 0 || programs.length === 0) throw new Error(`${folder} has nothing of ours`);
  const found = [
    ...errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...[...programs, ...declarations].flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  if (found.length === 0) continue;
  process.exitCode = 1;
  const names = {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => folder,
    getNewLine: () => "\n",
  };
  console.log(`${folder}:\n${ts.formatDiagnostics(found, names)}`);
}
