using System.Collections.Immutable;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Files of upscaling networks, as ESRGAN, BSRGAN and Real-ESRGAN publish them: <c>.pth</c> or safetensors. The architecture and its
/// sizes follow from names and shapes.
/// </summary>
internal static class UpscalerCheckpoint
{
    /// <summary>Where training code puts the weights: their running average before the weights themselves.</summary>
    private static readonly ImmutableArray<string> s_containers = ["params_ema.", "params.", "module.", ""];

    private const string Expected =
        $"expected those of {nameof(RRDBNet)}, for example conv_first.weight and body.0.rdb1.conv1.weight, or model.0.weight and "
        + $"model.1.sub.0.RDB1.conv1.0.weight; or of {nameof(SRVGGNetCompact)}, body.0.weight and body.1.weight";

    /// <summary>Opens a file as a network, in evaluation mode.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="options">Device and type.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, of another architecture, or does not fit; the message names tensors. Nothing was loaded.
    /// </exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static UpscalingNetwork Open(string path, CheckpointOptions options)
    {
        using ITensorSource file = Checkpoint.Open(path);
        using MappedTensors tensors = Map(file);
        UpscalingNetwork network = Create(tensors, LayerFactory.For(file, options));
        try
        {
            StateDict.Load(network, tensors);
            network.eval();
            return network;
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    /// <summary>The tensors under the names that the networks have.</summary>
    private static MappedTensors Map(ITensorSource file)
    {
        foreach (string container in s_containers)
        {
            if (Named(file, container) is { } tensors && (IsRrdb(tensors) || IsCompact(tensors))) return tensors;
        }

        string[] names = [.. file.Entries.Select(e => e.Name)];
        throw new CheckpointException(
            file.Path, $"it is not an upscaling network of a known architecture. Its {names.Length} tensors are "
                + $"{MessageText.List(names)}; {Expected}.");
    }

    private static MappedTensors? Named(ITensorSource file, string container)
    {
        TensorEntry[] inside = [.. file.Entries.Where(e => e.Name.StartsWith(container, StringComparison.Ordinal))];
        if (inside.Length == 0) return null;
        // Next to the running average the same weights without it may stand, which are not read.
        IEnumerable<TensorEntry> outside = container.Length == 0 ? [] : file.Entries.Where(
            e => !s_containers.Any(c => c.Length > 0 && e.Name.StartsWith(c, StringComparison.Ordinal)));
        string[] names = [.. inside.Select(e => e.Name[container.Length..])];
        var current = RRDBNetNames.Create(names);
        return new MappedTensors(
            file,
            [
                .. inside.Select((entry, i) => new MappedTensor(current.Translate(names[i]), entry)),
                .. outside.Select(entry => new MappedTensor(entry.Name, entry)),
            ]);
    }

    private static bool IsRrdb(MappedTensors tensors) =>
        tensors.Find("conv_first.weight") is not null && tensors.Find("body.0.rdb1.conv1.weight") is not null;

    private static bool IsCompact(MappedTensors tensors) =>
        tensors.Find("body.0.weight") is not null && tensors.Find("body.1.weight") is not null;

    private static UpscalingNetwork Create(MappedTensors tensors, LayerFactory layers) =>
        IsRrdb(tensors) ? new RRDBNet(RRDBNetShape.Read(tensors), layers) : CompactShape.Create(tensors, layers);
}
