// Builds what is published into dist/: of each module one file for `import`, one for `require`, and
// the types of both. `npm pack` and `npm publish` call it.
//
// The comments of the sources are left out: Django's ManifestStaticFilesStorage finds imports by
// regular expressions, and takes one in a comment for code.
// https://docs.djangoproject.com/en/5.2/ref/contrib/staticfiles/#manifeststaticfilesstorage
import { readFileSync, writeFileSync } from 'node:fs';
import { build, transformSync } from 'esbuild';

const HERE = import.meta.dirname;

const MODULES = ['index', 'polling'];

/** esbuild keeps the comments within a class, unless it leaves out the white space as well. */
const withoutComments = {
  name: 'without-comments',
  setup: (/** @type {import('esbuild').PluginBuild} */ { onLoad }) =>
    onLoad({ filter: /\.js$/ }, ({ path }) => ({
      contents: transformSync(readFileSync(path, 'utf8'), { minifyWhitespace: true }).code,
    })),
};

for (const { format, platform, suffix, types } of /** @type {const} */ ([
  { format: 'esm', platform: 'browser', suffix: 'js', types: 'd.ts' },
  // `node`: names the exports in a way that Node's own `import` of this file finds.
  { format: 'cjs', platform: 'node', suffix: 'cjs', types: 'd.cts' },
])) {
  await build({
    absWorkingDir: HERE,
    entryPoints: MODULES.map((name) => `src/${name}.js`),
    outdir: 'dist',
    outExtension: { '.js': `.${suffix}` },
    bundle: true,
    format,
    platform,
    target: 'es2022',
    logLevel: 'warning',
    plugins: [withoutComments],
  });
  for (const name of MODULES) {
    const text = readFileSync(`${HERE}/src/${name}.d.ts`, 'utf8');
    writeFileSync(
      `${HERE}/dist/${name}.${types}`,
      text.replace("'./index.js'", `'./index.${suffix}'`),
    );
  }
}
