#!/usr/bin/env bash
# Puts ONNX Runtime for browsers into vendor/, so that the page loads nothing from elsewhere.
set -euo pipefail
cd "$(dirname "$0")"
npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error
rm -rf vendor
mkdir vendor
for name in ort.wasm.min.mjs ort-wasm-simd-threaded.{mjs,wasm} \
    ort.webgpu.min.mjs ort-wasm-simd-threaded.asyncify.{mjs,wasm}; do
    cp "node_modules/onnxruntime-web/dist/$name" vendor/
done
echo "vendor/ is ready"
