using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// A LoRA file and the parameters that it patches, with any kind of adapter (<see cref="AdapterKind"/>). Supports the names of peft, of
/// diffusers before peft, of kohya and LyCORIS (also with the block numbers of the original UNet, and of ComfyUI) and of the first
/// trainer, which numbers the modules. Safe for concurrent use.
/// </summary>
internal sealed class LoraFile : IDisposable
{
    private const string BundledEmbedding = "bundle_emb.";

    private readonly ITensorSource _source;

    private LoraFile(ITensorSource source, IReadOnlyList<LoraTarget> targets, UnknownTensorHandling unknown)
    {
        _source = source;
        IReadOnlyDictionary<string, string> metadata = source.Texts;
        string[] names = [.. source.Entries.Select(e => e.Name)];
        try
        {
            Embeddings = [.. names.Where(name => metadata.GetValueOrDefault(name) == "<embed>"
                || name.StartsWith(BundledEmbedding, StringComparison.Ordinal))];
            var matching = new LoraMatching(source, metadata, targets, unknown);
            Patches = matching.Match(names.Except(Embeddings));
            Ignored = matching.Ignored;
        }
        catch (FormatException e)
        {
            throw CheckpointException.FromFormatException(source.Path, e);
        }
    }

    /// <summary>Path of the file.</summary>
    public string Path => _source.Path;

    /// <summary>The patches; a parameter has several where the file has several kinds of adapters for it.</summary>
    public IReadOnlyList<LoraPatch> Patches { get; }

    /// <summary>
    /// Names of learned token embeddings next to the patches, as the first trainer and bundles (<c>bundle_emb.*</c>) have them:
    /// <see cref="TextualInversionFile"/> reads them.
    /// </summary>
    public IReadOnlyList<string> Embeddings { get; }

    /// <summary>Names of the tensors that are ignored: other kinds of adapters, and names that fit no parameter.</summary>
    public IReadOnlyList<string> Ignored { get; }

    /// <summary>Opens a file and finds the parameters that it patches.</summary>
    /// <param name="path">Path of a safetensors file or of a PyTorch checkpoint.</param>
    /// <param name="targets">The networks that the file may patch.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, or of a kind that is not supported, or holds names or shapes that fit no parameter; the exception lists all of
    /// them.
    /// </exception>
    public static LoraFile Open(string path, params IReadOnlyList<LoraTarget> targets) => Open(path, UnknownTensorHandling.Refuse, targets);

    /// <summary>Opens a file and finds the parameters that it patches; may ignore unknown tensors.</summary>
    /// <param name="path">Path of a safetensors file or of a PyTorch checkpoint.</param>
    /// <param name="unknown">
    /// Whether tensors of other kinds of adapters, and names that fit no parameter, are refused or ignored. Incomplete patches
    /// and shapes that fit no parameter are always refused.
    /// </param>
    /// <param name="targets">The networks that the file may patch.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, or contains tensors that are refused; the exception lists all of them.
    /// </exception>
    public static LoraFile Open(string path, UnknownTensorHandling unknown, params IReadOnlyList<LoraTarget> targets)
    {
        ArgumentNullException.ThrowIfNull(targets);
        ITensorSource source = Checkpoint.Open(path);
        try
        {
            return new LoraFile(source, targets, unknown);
        }
        catch
        {
            source.Dispose();
            throw;
        }
    }

    /// <summary>Computes the change of a parameter by a patch at scale 1.</summary>
    /// <param name="patch">One of <see cref="Patches"/>.</param>
    /// <param name="weight">The parameter without any patch, in float32 on the CPU.</param>
    /// <returns>ΔW in float32 on the CPU. The caller disposes it.</returns>
    public static Tensor Delta(LoraPatch patch, Tensor weight)
    {
        ArgumentNullException.ThrowIfNull(patch);
        ArgumentNullException.ThrowIfNull(weight);
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        return patch.Difference.Compute(weight).MoveToOuterDisposeScope();
    }

    /// <summary>The factors of a change of a matrix at a scale, for weights that are kept as stored.</summary>
    /// <param name="patch">One of <see cref="Patches"/>.</param>
    /// <param name="scale">How much of it.</param>
    /// <exception cref="NotSupportedException">The change is not a product of two matrices.</exception>
    internal LowRankTerm Factors(LoraPatch patch, double scale)
    {
        using var noGradient = no_grad();
        return patch.Difference.Factors(scale) ?? throw new NotSupportedException(
            $"{Path}: the change of '{patch.Component}.{patch.Parameter}' cannot be added to a weight that is kept as stored: "
                + "it is not LoRA of a matrix. Load the model's weights in a number format.");
    }

    /// <summary>Describes the ignored tensors for messages; null if none was ignored.</summary>
    internal string? DescribeIgnored()
    {
        if (Ignored.Count == 0) return null;
        // A strength is of the adapter next to it.
        string[] kinds = [.. Ignored.Where(name => !name.EndsWith(".alpha", StringComparison.Ordinal)).Select(KindOf).Distinct().Order()];
        return $"{Ignored.Count} of {_source.Entries.Count} tensors: {string.Join(", ", kinds.Length > 0 ? kinds : [KindOf("")])}";

        static string KindOf(string name) => UnsupportedAdapter.KindOf(name) ?? "names that fit no parameter";
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _source.Dispose();
}
