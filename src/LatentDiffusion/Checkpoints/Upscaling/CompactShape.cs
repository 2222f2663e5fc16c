namespace LatentDiffusion.Checkpoints;

/// <summary>Makes a <see cref="SRVGGNetCompact"/> of the sizes of its tensors.</summary>
internal static class CompactShape
{
    private const int Colors = 3, LargestScale = 16;

    /// <exception cref="CheckpointException">It is not a network for RGB images; the message names the tensor.</exception>
    public static SRVGGNetCompact Create(ITensorSource tensors, LayerFactory layers)
    {
        int last = Math.Min(RRDBNetShape.Highest(tensors, "body."), ushort.MaxValue);
        string name = $"body.{last}.weight";
        long features = RRDBNetShape.Kernel(tensors, "body.0.weight")[0], values = RRDBNetShape.Kernel(tensors, name)[0];
        int scale = Enumerable.Range(1, LargestScale).FirstOrDefault(s => (long)Colors * s * s == values);
        if (scale == 0)
        {
            throw new CheckpointException(
                tensors.Path, $"{name} has {values} output channels; expected 3·scale², for example 48 for a scale of 4.");
        }

        // First and last convolution, and an activation after all but the last.
        return new SRVGGNetCompact(features, Math.Max(0, (last - 2) / 2), scale, layers);
    }
}
