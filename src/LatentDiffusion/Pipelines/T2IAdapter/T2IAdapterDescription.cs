namespace LatentDiffusion;

/// <summary>What a T2I-Adapter reads and gives.</summary>
/// <param name="Channels">Channels of the control image: 3 for RGB, 1 for greyscale.</param>
/// <param name="DownscaleFactor">Width and height of control images are multiples of this.</param>
/// <param name="Features">Shapes of its feature maps, relative to the control image.</param>
internal sealed record T2IAdapterDescription(int Channels, int DownscaleFactor, IReadOnlyList<AdapterResidualShape> Features)
{
    /// <summary>Refuses an adapter that was trained for other models.</summary>
    /// <param name="which">Which adapter, for the message.</param>
    /// <param name="denoiser">The denoiser that adds its feature maps.</param>
    /// <param name="autoencoder">The autoencoder of the pipeline.</param>
    /// <exception cref="InvalidOperationException">It does not fit; the message says why.</exception>
    public void Check(string which, DenoiserDescription denoiser, IAutoencoder autoencoder)
    {
        AdapterResidualShape[] taken =
        [
            .. denoiser.AdapterResidualShapes
                .Select(shape => shape with { DownsamplingFactor = shape.DownsamplingFactor * autoencoder.DownsamplingFactor }),
        ];
        Refuse(taken.Length == 0, $"needs a denoiser that adds its feature maps; {denoiser.ModelName ?? "the pipeline's"} does not");
        Refuse(Channels is not (1 or 3), $"reads {Channels} channels; expected 3 (RGB) or 1 (greyscale)");
        Refuse(
            !Features.SequenceEqual(taken.Take(Features.Count)),
            $"gives feature maps of {Text(Features)}; the denoiser expects {Text(taken)}");

        void Refuse(bool condition, string why)
        {
            if (condition) throw new InvalidOperationException($"The T2I-Adapter {which} {why}.");
        }

        static string Text(IEnumerable<AdapterResidualShape> shapes) =>
            string.Join(", ", shapes.Select(shape => $"{shape.Channels} channels at 1/{shape.DownsamplingFactor}"));
    }
}
