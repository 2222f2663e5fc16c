namespace LatentDiffusion;

/// <summary>A refiner in one pass: it takes over below its boundary (Balaji et al. 2022, section 4).</summary>
/// <param name="Refiner">The refiner.</param>
/// <param name="Text">What it is conditioned on.</param>
/// <param name="Negative">What guidance leads it away from; null where guidance needs none.</param>
internal sealed record RefinerPass(RefinerRun Refiner, Conditioning Text, Conditioning? Negative) : IFeaturePass
{
    public IFeaturePass Batch(IReadOnlyList<IFeaturePass> images)
    {
        RefinerPass[] all = [.. images.Cast<RefinerPass>()];
        return this with
        {
            Text = JoinedConditioning.Of([.. all.Select(p => p.Text)]),
            Negative = Negative is null ? null : JoinedConditioning.Of([.. all.Select(p => p.Negative!)]),
        };
    }

    public GuidedDenoiser Extend(GuidedDenoiser denoiser, IFeaturePass.Guide guide)
    {
        GuidedDenoiser late = guide(Refiner.Denoiser, Negative);
        return input => input.Timestep >= Refiner.Boundary ? denoiser(input) : late(input with { Conditioning = Text });
    }
}
