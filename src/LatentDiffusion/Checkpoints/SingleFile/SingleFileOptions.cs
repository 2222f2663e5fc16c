namespace LatentDiffusion;

/// <summary>What a single file does not say of itself, and what is left out of it.</summary>
public sealed record SingleFileOptions
{
    /// <summary>
    /// What the U-Net predicts; null to take it from the file (the tensors <c>v_pred</c> and <c>edm_vpred.sigma_max</c>, or
    /// <c>modelspec.prediction_type</c> in the header), or else what was published: velocity for SD 2.x at 768 pixels,
    /// noise for all others. SD 2.x at 512 pixels ("base") predicts noise, which must be set here where the file does not say so.
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

    /// <summary>
    /// Tensors that are left out: whole names, or beginnings of names followed by <c>*</c>, for example
    /// <c>control_model.*</c>. They are logged. Default none.
    /// </summary>
    /// <exception cref="ArgumentException">An entry is empty, or has <c>*</c> elsewhere than at its end.</exception>
    public IReadOnlyList<string> IgnoredTensors { get; init => field = Checked(value); } = [];

    /// <summary>
    /// Whether tensors that fit no network are left out instead of refused. They are logged. A network's own tensors must be
    /// complete all the same. Default false.
    /// </summary>
    public bool IgnoreUnknownTensors { get; init; }

    private static IReadOnlyList<string> Checked(IReadOnlyList<string> patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        foreach (string pattern in patterns)
        {
            if (string.IsNullOrEmpty(pattern) || pattern.AsSpan(0, pattern.Length - 1).Contains('*'))
                throw new ArgumentException($"An ignored tensor is a name, or the beginning of names with * at its end; '{pattern}' is neither.", nameof(patterns));
        }

        return [.. patterns];
    }
}
