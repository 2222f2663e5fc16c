namespace LatentDiffusion;

/// <summary>
/// A model whose networks are in separate files, as most of the transformers are published for other programs: FLUX.1, FLUX.2, Chroma,
/// Z-Image, Stable Diffusion 3. Files are safetensors (also float8, with scales or without), GGUF, or <c>.ckpt</c>; of several files the
/// index (<c>*.index.json</c>). Tensors may have the names of the original code, of diffusers folders, or, of text encoders in GGUF files,
/// those of llama.cpp. The family of a transformer and the kind of a text encoder follow from the tensors.
/// </summary>
public sealed record ModelFiles
{
    /// <summary>The file of the transformer, for example <c>flux1-dev-Q4_K_S.gguf</c>.</summary>
    public required string Transformer { get; init; }

    /// <summary>
    /// The files of the text encoders in any order, for example <c>clip_l.safetensors</c> and <c>t5xxl_fp8_e4m3fn.safetensors</c>. Default
    /// none: the transformer's file has them, or the pipeline gets a text encoder from its builder.
    /// </summary>
    public IReadOnlyList<string> TextEncoders { get; init; } = [];

    /// <summary>
    /// The file of the autoencoder, for example <c>ae.safetensors</c>. Null, the default, where the transformer's file has it, or the
    /// pipeline gets one from its builder.
    /// </summary>
    public string? Autoencoder { get; init; }

    /// <summary>
    /// Folders or files with the tokenizers of the text encoders, which no such file contains, in any order: <c>tokenizer.json</c>,
    /// <c>vocab.json</c> with <c>merges.txt</c>, or <c>spiece.model</c>; or a folder with folders of them whose names begin with
    /// <c>tokenizer</c>, such as a model folder. Default none: they are next to the files, in the same way.
    /// </summary>
    public IReadOnlyList<string> Tokenizers { get; init; } = [];

    /// <summary>Settings that files do not contain, and tensors to leave out. Null, the default, for the published settings.</summary>
    public SingleFileOptions? Options { get; init; }
}
