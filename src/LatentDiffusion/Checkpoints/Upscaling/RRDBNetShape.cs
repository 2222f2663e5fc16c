using System.Globalization;

namespace LatentDiffusion.Checkpoints;

/// <summary>Reads the sizes of an <see cref="RRDBNet"/> from the shapes of its tensors.</summary>
internal static class RRDBNetShape
{
    private const int Colors = 3, MostDoublings = 4;

    /// <exception cref="CheckpointException">It is not a network for RGB images; the message names the tensor.</exception>
    public static RRDBNetConfig Read(ITensorSource tensors)
    {
        long[] first = Kernel(tensors, "conv_first.weight"), grown = Kernel(tensors, "body.0.rdb1.conv1.weight");
        int unshuffle = first[1] switch { Colors => 1, Colors * 4 => 2, Colors * 16 => 4, _ => 0 };
        if (unshuffle == 0)
        {
            throw new CheckpointException(
                tensors.Path, $"conv_first.weight has {first[1]} input channels; expected 3, or 12 or 48 with pixel unshuffle.");
        }

        // A network of that many blocks is only made if the file has about as many tensors (ParameterBudget).
        int blocks = 1 + Math.Min(Highest(tensors, "body."), ushort.MaxValue), doublings = Highest(tensors, "conv_up");
        var config = new RRDBNetConfig(first[0], grown[0], blocks, doublings, unshuffle);
        if (doublings > MostDoublings || config.Scale < 1)
        {
            throw new CheckpointException(
                tensors.Path, $"it has {doublings} doublings after a pixel unshuffle of {unshuffle}; "
                    + $"expected at most {MostDoublings} doublings and a scale of at least 1.");
        }

        return config;
    }

    /// <summary>The shape of a 3×3 convolution.</summary>
    public static long[] Kernel(ITensorSource tensors, string name)
    {
        IReadOnlyList<long> shape = tensors.Find(name)?.Shape ?? throw new CheckpointException(tensors.Path, $"it has no tensor {name}.");
        return shape is [> 0, > 0, 3, 3]
            ? [.. shape]
            : throw new CheckpointException(
                tensors.Path, $"{name} is [{string.Join(", ", shape)}]; expected [channels, channels, 3, 3], a 3 x 3 convolution.");
    }

    /// <summary>The highest number after a prefix; 0 where there is none.</summary>
    public static int Highest(ITensorSource tensors, string prefix) => tensors.Entries
        .Where(e => e.Name.StartsWith(prefix, StringComparison.Ordinal))
        .Select(e => e.Name[prefix.Length..].Split('.')[0])
        .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0)
        .DefaultIfEmpty().Max();
}
