using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>An IP-Adapter of a pipeline, with its default weight. Owns its network.</summary>
/// <param name="Network">The network.</param>
/// <param name="Name">Its name.</param>
/// <param name="Weight">Complete.</param>
/// <param name="Layers">Paths of the cross-attention layers that it adds to, in the published order.</param>
internal sealed record LoadedIpAdapter(IpAdapterNetwork Network, string Name, IpAdapterWeight Weight, IReadOnlyList<string> Layers)
    : IOffloadable, IDisposable
{
    /// <summary>Published numbers count through these parts of a U-Net in this order.</summary>
    private static readonly string[] s_parts = ["down_blocks.", "up_blocks.", "mid_block."];

    private readonly ScalarType _type = NetworkUse.TypeOf(Network);

    /// <summary>Its image encoder, which adapters may share; null if it has none.</summary>
    public ImageEncoder? Encoder { get; init; }

    /// <summary>Reads one for a pipeline.</summary>
    /// <param name="choice">The adapter.</param>
    /// <param name="denoiser">The denoiser that it extends.</param>
    /// <param name="options">How it is loaded.</param>
    /// <exception cref="CheckpointException">The file cannot be read, or does not fit the denoiser.</exception>
    /// <exception cref="InvalidOperationException">It is for another kind of model.</exception>
    /// <exception cref="NotSupportedException">The denoiser cannot be extended.</exception>
    public static LoadedIpAdapter Open(IpAdapterChoice choice, DenoiserDescription denoiser, CheckpointOptions options)
    {
        string model = denoiser.ModelName ?? "the denoiser";
        IReadOnlyList<string> layers = denoiser.CrossAttentionLayers;
        if (layers.Count == 0 || denoiser.CrossAttentionWidths.Count != layers.Count)
        {
            throw new NotSupportedException(
                $"The IP-Adapter in '{choice.File}' adds keys and values to cross-attention layers "
                + $"({nameof(denoiser.CrossAttentionLayers)}); {model} has none that accept them.");
        }

        (string Path, int Width)[] ordered = [.. layers.Zip(denoiser.CrossAttentionWidths).OrderBy(layer => PartOf(layer.First))];
        IpAdapterNetwork network = IpAdapterReader.Read(choice.File, [.. ordered.Select(l => l.Width)], CheckWidth, options);
        string name = System.IO.Path.GetFileNameWithoutExtension(choice.File);
        return new LoadedIpAdapter(network, name, choice.Weight, [.. ordered.Select(l => l.Path)]);

        void CheckWidth(long width)
        {
            if (denoiser.TextWidth is not { } text || text == width) return;
            throw new InvalidOperationException(
                $"The IP-Adapter in '{choice.File}' makes tokens of width {width}; {model} expects the text width {text}.");
        }
    }

    private static int PartOf(string layer) => Array.FindIndex(s_parts, part => layer.StartsWith(part, StringComparison.Ordinal));

    /// <summary>Whether embeddings are of the kind and width that it reads.</summary>
    public bool Reads(ImageEmbeds embeds) => embeds.AreHiddenStates == Network.ReadsHiddenStates && embeds.Shape[^1] == Network.InputWidth;

    /// <summary>The tokens of embeddings, [1, images · tokens, width of the text].</summary>
    /// <param name="values">The values; null for zeros.</param>
    /// <param name="shape">Their shape.</param>
    /// <param name="device">Where it computes.</param>
    public Tensor Project(float[]? values, IReadOnlyList<long> shape, Device device)
    {
        using var scope = NewDisposeScope();
        Tensor embeds = values is null ? zeros([.. shape], _type, device) : tensor(values, [.. shape]).to(_type, device);
        return Network.Project(embeds).flatten(0, 1).unsqueeze(0).MoveToOuterDisposeScope();
    }

    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(Network, device);
        return true;
    }

    public void Dispose() => Network.Dispose();
}
