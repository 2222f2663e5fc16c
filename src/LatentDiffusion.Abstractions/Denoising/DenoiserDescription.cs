using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Inputs and features that a denoiser supports. A pipeline compares it with the other components when it is built. A denoiser that wraps
/// another and passes <see cref="DenoiserInput"/> on has the other's description.
/// </summary>
public sealed record DenoiserDescription
{
    private static readonly IReadOnlyDictionary<string, IReadOnlyList<AddedContext>> s_noTokens = new AttentionEdits().AddedContext;

    /// <summary>The kind of model, for messages, for example <c>FLUX.1</c>. Null, the default, if unknown.</summary>
    public string? ModelName { get; init; }

    /// <summary>Channels of the latents.</summary>
    public required int LatentChannels { get; init; }

    /// <summary>Channels of <see cref="DenoiserInput.ConcatenatedLatents"/>, which it then needs. Default 0: it reads none.</summary>
    public int ConcatenatedChannels { get; init; }

    /// <summary>Channels of latents and concatenated latents together.</summary>
    public int InputChannels => LatentChannels + ConcatenatedChannels;

    /// <summary>
    /// Channels of the prediction. Default those of the latents; networks that also predict a variance have twice as many.
    /// </summary>
    public int OutputChannels
    {
        get => field == 0 ? LatentChannels : field;
        init;
    }

    /// <summary>Side in latents of the square patch of one token; height and width of latents are multiples of it. Default 1.</summary>
    public int PatchSize { get; init; } = 1;

    /// <summary>Width of <see cref="Conditioning.HiddenStates"/>. Null, the default, accepts any width.</summary>
    public int? TextWidth { get; init; }

    /// <summary>Width of <see cref="Conditioning.Pooled"/>. Null, the default, if it does not read it.</summary>
    public int? PooledWidth { get; init; }

    /// <summary>
    /// Whether tokens that <see cref="Conditioning.Mask"/> leaves out change nothing, so that such tokens can pad a text to the
    /// length of another. Default false: images whose texts have different numbers of tokens are evaluated separately.
    /// </summary>
    public bool IgnoresMaskedTokens { get; init; }

    /// <summary>
    /// Whether it reads <see cref="Conditioning.Mask"/>. Default that of <see cref="IgnoresMaskedTokens"/>; others may weight tokens by it.
    /// </summary>
    public bool ReadsMask
    {
        get => field || IgnoresMaskedTokens;
        init;
    }

    /// <summary>
    /// The tensors of <see cref="Conditioning.Additional"/> that it reads, by name, with the size of their last dimension. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, int> AdditionalInputs { get; init; } = new Dictionary<string, int>();

    /// <summary>Whether it reads <see cref="DenoiserInput.GuidanceScales"/>, as models that learned guidance do. Default false.</summary>
    public bool ReadsGuidanceScale { get; init; }

    /// <summary>Whether it reads <see cref="DenoiserInput.ReferenceLatents"/>. Default false.</summary>
    public bool ReadsReferenceLatents { get; init; }

    /// <summary>
    /// Channels of each of the <see cref="DenoiserInput.ControlResiduals"/> in their order; for a U-Net those of the skip connections
    /// from the highest resolution and of the middle block. Default none: it does not support ControlNets.
    /// </summary>
    public IReadOnlyList<int> ControlResidualChannels { get; init; } = [];

    /// <summary>
    /// Shapes of the <see cref="DenoiserInput.AdapterResiduals"/> in their order, relative to the latents: one for each resolution on the
    /// way down, then one for the middle block. An input may have only the first of them. Default none: it does not support T2I-Adapters.
    /// </summary>
    public IReadOnlyList<AdapterResidualShape> AdapterResidualShapes { get; init; } = [];

    /// <summary>Paths of the self-attention layers that <see cref="AttentionEdits"/> can change. Default none.</summary>
    public IReadOnlyList<string> AttentionLayers { get; init; } = [];

    /// <summary>
    /// Paths of the layers that <see cref="DenoiserInput.SkippedLayers"/> can name, in the network's order. Default none: it cannot skip
    /// any.
    /// </summary>
    public IReadOnlyList<string> SkippableLayers { get; init; } = [];

    /// <summary>
    /// Paths of the cross-attention layers that <see cref="AttentionEdits.AddedContext"/> can change, in the network's order. Default
    /// none.
    /// </summary>
    public IReadOnlyList<string> CrossAttentionLayers { get; init; } = [];

    /// <summary>
    /// Width of the keys and values of each of the <see cref="CrossAttentionLayers"/>, in their order, as IP-Adapters need it. Default
    /// none: unknown.
    /// </summary>
    public IReadOnlyList<int> CrossAttentionWidths { get; init; } = [];

    /// <summary>
    /// Largest <see cref="StepCachingOptions.Levels"/> that its runs support. Default 0: it does not support step caching.
    /// </summary>
    public int StepCachingLevels { get; init; }

    /// <summary>Number format that it computes in. Null, the default, if unknown.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>Refuses an input that the denoiser would ignore in part or cannot read.</summary>
    /// <param name="input">The input of an evaluation.</param>
    /// <exception cref="ArgumentException">It has an entry that the denoiser does not read, lacks one, or has a wrong shape.</exception>
    public void ThrowIfUnsupported(DenoiserInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        long[] shape = input.Latents.shape;
        (int times, int controls) = (input.Timesteps.Count, ControlResidualChannels.Count);
        int residuals = input.ControlResiduals?.Count ?? controls;
        string concatenated = input.ConcatenatedLatents is { } given ? Shape(given.shape) : "null";
        Check(
            shape is [_, var channels, _, _] && channels == LatentChannels, nameof(input.Latents), Shape(shape),
            $"[batch, {LatentChannels}, height, width]");
        Check(times == 1 || times == shape[0], nameof(input.Timesteps), $"{times} numbers", $"1 or {shape[0]}");
        Check(input.Conditioning?.Mask is null || ReadsMask, $"{nameof(input.Conditioning)}.{nameof(Conditioning.Mask)}", "given", "null");
        Check(input.GuidanceScales is null || ReadsGuidanceScale, nameof(input.GuidanceScales), "given", "null");
        Check(
            (input.ConcatenatedLatents?.shape[1] ?? 0) == ConcatenatedChannels, nameof(input.ConcatenatedLatents), concatenated,
            ConcatenatedChannels == 0 ? "null" : $"{ConcatenatedChannels} channels");
        Check(residuals == controls, nameof(input.ControlResiduals), $"{residuals} tensors", controls == 0 ? "null" : $"{controls}");
        CheckAdapters(input.AdapterResiduals ?? [], shape[0]);
        Check(input.ReferenceLatents is null || ReadsReferenceLatents, nameof(input.ReferenceLatents), "given", "null");
        foreach (string path in input.SkippedLayers)
            Check(SkippableLayers.Contains(path), nameof(input.SkippedLayers), $"'{path}'", "layers that it can skip");
        foreach (string path in input.AttentionEdits?.IdentityLayers ?? [])
            Check(HasAttentionAt(path), nameof(input.AttentionEdits), $"for '{path}'", "a path with self-attention at or below it");
        foreach ((string path, IReadOnlyList<AddedContext> tokens) in input.AttentionEdits?.AddedContext ?? s_noTokens)
        {
            Check(
                CrossAttentionLayers.Contains(path), nameof(input.AttentionEdits), $"for '{path}'", "the path of a cross-attention layer");
            foreach (AddedContext added in tokens)
            {
                Check(
                    added.Keys.shape is [var rows, _, _] && rows == shape[0] && added.Values.shape.SequenceEqual(added.Keys.shape),
                    nameof(input.AttentionEdits),
                    $"for '{path}' with {Shape(added.Keys.shape)} keys and {Shape(added.Values.shape)} values",
                    $"[{shape[0]}, tokens, width] of both");
                Check(
                    added.Mask is null || added.Mask.shape is [var masks, 1, _, _] && (masks == 1 || masks == shape[0]),
                    nameof(input.AttentionEdits), $"for '{path}' with a mask of {Shape(added.Mask?.shape ?? [])}",
                    $"[1 or {shape[0]}, 1, height, width]");
            }
        }

        void CheckAdapters(IReadOnlyList<Tensor> maps, long batch)
        {
            int most = AdapterResidualShapes.Count;
            Check(maps.Count <= most, nameof(input.AdapterResiduals), $"{maps.Count} tensors", most == 0 ? "null" : $"at most {most}");
            foreach ((int i, Tensor map) in maps.Index())
            {
                int channels = AdapterResidualShapes[i].Channels;
                Check(
                    map.shape is [var rows, var width, _, _] && rows == batch && width == channels,
                    $"{nameof(input.AdapterResiduals)}[{i}]", Shape(map.shape), $"[{batch}, {channels}, height, width]");
            }
        }

        static string Shape(long[] shape) => $"[{string.Join(", ", shape)}]";

        static void Check(bool holds, string name, string value, string expected)
        {
            if (holds) return;
            throw new ArgumentException($"{nameof(DenoiserInput)}.{name} is {value}; this denoiser expects {expected}.", nameof(input));
        }
    }

    /// <summary>Whether one of the <see cref="AttentionLayers"/> is at or below a path.</summary>
    /// <param name="path">Path of a module, such as <c>up_blocks.1</c>.</param>
    public bool HasAttentionAt(string path) => AttentionLayers.Any(layer => AttentionEdits.IsAtOrBelow(layer, path));
}
