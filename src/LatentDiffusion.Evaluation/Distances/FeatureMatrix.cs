using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>Checks and samples feature matrices.</summary>
internal static class FeatureMatrix
{
    /// <summary>The features as float64 on the CPU; a new tensor or the argument itself.</summary>
    public static Tensor Checked(Tensor features, int least, string name)
    {
        ArgumentNullException.ThrowIfNull(features, name);
        if (features.dim() != 2 || features.shape[0] < least || features.shape[1] < 1)
            throw new ArgumentException(
                $"Features are [images, width] of at least {least} images; these are [{string.Join(", ", features.shape)}].", name);
        Tensor values = features.to(ScalarType.Float64).cpu();
        return values.isfinite().all().item<bool>() ? values : throw new ArgumentException("A feature is not finite.", name);
    }

    public static void SameWidth(Tensor first, Tensor second)
    {
        if (first.shape[1] != second.shape[1])
            throw new ArgumentException(
                $"Only features of the same extractor can be compared; these have widths {first.shape[1]} and {second.shape[1]}.",
                nameof(second));
    }

    /// <summary>Random rows, drawn without replacement.</summary>
    public static Tensor Draw(Tensor features, int count, ulong seed)
    {
        long[] order = [.. Enumerable.Range(0, (int)features.shape[0]).Select(i => (long)i)];
        ulong state = seed;
        for (int i = 0; i < count; i++)
        {
            state = SeedSequence.ForStep(state, i);
            int j = i + (int)(state % (ulong)(order.Length - i));
            (order[i], order[j]) = (order[j], order[i]);
        }

        return features.index_select(0, tensor(order[..count]));
    }
}
