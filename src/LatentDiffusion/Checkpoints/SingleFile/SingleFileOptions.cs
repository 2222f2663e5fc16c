namespace LatentDiffusion.Checkpoints;

/// <summary>Settings that a single file does not contain, and tensors in it to ignore.</summary>
public sealed record SingleFileOptions
{
    /// <summary>
    /// The U-Net's prediction type; null to take it from the file (the tensors <c>v_pred</c> and <c>edm_vpred.sigma_max</c>, or
    /// <c>modelspec.prediction_type</c> in the header), or else as published: velocity for SD 2.x at 768 pixels,
    /// noise for all others. SD 2.x at 512 pixels ("base") predicts noise, which must be set here where the file does not say so.
    /// </summary>
    public PredictionType? PredictionType { get; init; }

    /// <summary>
    /// A folder with the files of the tokenizers, which no single file holds, or with folders of them whose names begin with
    /// <c>tokenizer</c>; null, the default, to look next to the file in the same way.
    /// </summary>
    public string? TokenizerFolder { get; init; }

    /// <summary>CLIP's vocabulary in place of the one in <see cref="TokenizerFolder"/>; null, the default, to read that.</summary>
    public BpeVocabulary? Vocabulary { get; init; }

    /// <summary>
    /// Configurations of networks by component, for example <c>unet</c>; those of others, the default, follow from the shapes of
    /// their tensors.
    /// </summary>
    public IReadOnlyDictionary<string, NetworkConfig> Configs { get; init; } = new Dictionary<string, NetworkConfig>();

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

    /// <summary>Folders or files of tokenizers, in place of <see cref="TokenizerFolder"/>. Default none.</summary>
    internal IReadOnlyList<string> Tokenizers { get; init; } = [];

    /// <summary>Whether a model without its tokenizers is of no use: reading one then fails. Default false.</summary>
    internal bool RequiresTokenizer { get; init; }

    /// <summary>The configuration of a component; null where it follows from the tensors.</summary>
    /// <exception cref="ArgumentException">It is of another type.</exception>
    internal T? Config<T>(string component) where T : NetworkConfig => Configs.GetValueOrDefault(component) switch
    {
        null => null,
        T config => config,
        var other => throw new ArgumentException(
            $"The configuration of '{component}' is a {other.GetType().Name}; expected a {typeof(T).Name}."),
    };

    private static IReadOnlyList<string> Checked(IReadOnlyList<string> patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        foreach (string pattern in patterns)
        {
            if (string.IsNullOrEmpty(pattern) || pattern.AsSpan(0, pattern.Length - 1).Contains('*'))
            {
                throw new ArgumentException(
                    $"An ignored tensor is a name, or the beginning of names with * at its end; '{pattern}' is neither.", nameof(patterns));
            }
        }

        return [.. patterns];
    }
}
