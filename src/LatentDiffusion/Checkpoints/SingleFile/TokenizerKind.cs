namespace LatentDiffusion.Checkpoints;

/// <summary>Whose tokenizer the files of a folder are.</summary>
internal enum TokenizerKind
{
    /// <summary>CLIP's.</summary>
    Clip,

    /// <summary>T5's.</summary>
    T5,

    /// <summary>Qwen3's.</summary>
    Qwen3,
}
