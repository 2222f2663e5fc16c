namespace LatentDiffusion;

/// <summary>What a single file does not say of itself.</summary>
public sealed record SingleFileOptions
{
    /// <summary>
    /// What the U-Net predicts, which no tensor shows; null for what was published: velocity for SD 2.x at 768 pixels,
    /// noise for all others. SD 2.x at 512 pixels ("base") predicts noise too, and must be said here.
    /// </summary>
    public PredictionType? PredictionType { get; init; }

    /// <summary>CLIP's vocabulary, with which the components have their tokenizers; null for components without.</summary>
    public BpeVocabulary? Vocabulary { get; init; }

    /// <summary>The U-Net's configuration; null to take it from the shapes of its tensors.</summary>
    public UNet2DConditionConfig? UNet { get; init; }

    /// <summary>The autoencoder's configuration; null to take it from the shapes of its tensors.</summary>
    public AutoencoderKLConfig? Autoencoder { get; init; }

    /// <summary>The text tower's configuration; null to take it from the shapes of its tensors.</summary>
    public ClipTextConfig? TextEncoder { get; init; }

    /// <summary>The second text tower's configuration; null to take it from the shapes of its tensors.</summary>
    public ClipTextConfig? TextEncoder2 { get; init; }
}
