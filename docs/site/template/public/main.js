export default {
  // Blocks without a language are commands and diagrams: none is guessed.
  configureHljs: hljs => hljs.configure({ languages: [] }),
}
