using System.Text;

namespace LatentDiffusion.Evaluation;

/// <summary>The report's section on the variational bound: its terms and their meaning.</summary>
internal static class BoundSection
{
    public static void Write(StringBuilder page, EvaluationReport report)
    {
        if (report.Bound is null && report.Options.BoundTimesteps == 0) return;
        page.Append("## Variational bound\n\n");
        if (report.Bound is not { } bound)
        {
            page.Append("The bound is not defined for this model: it is a flow, or it predicts noise and its schedule ends ");
            page.Append("without signal, where noise does not determine the image, or a timestep of its schedule adds no noise.\n\n");
            return;
        }

        bool density = bound.Options.Likelihood == DataLikelihood.Density;
        page.AppendTable(["term", density ? "bits per latent value" : "bits per value"], [
            ["L_T, distance of the end from pure noise", MarkdownTable.Interval(bound.Prior)],
            ["L_1 to L_(T-1), the denoising steps", MarkdownTable.Interval(bound.Divergences)],
            ["L_0, the data", MarkdownTable.Interval(bound.Reconstruction)],
            ["total", MarkdownTable.Interval(bound.Total)],
            ["L_0 without denoising x_1", MarkdownTable.Interval(bound.UndenoisedReconstruction)]]);
        page.Append($"The reverse steps have the variance {Name(bound.Variance)}{Others(bound)}. ");
        page.Append("Intervals are over images, and over the timesteps drawn for each. L_0 without denoising is not part of the total; ");
        page.Append("its difference to L_0 is the gain of the last step.\n\n");
        page.Append(density
            ? Density(report, bound)
            : "The likelihood is the probability of 8-bit levels of values in [-1, 1]: it is comparable with other models on the same "
            + "pixels, at any size of the network, and at least 0.\n\n");
    }

    private static string Name(ReverseVariance variance) => variance switch
    {
        ReverseVariance.Posterior => "β̃_t of the forward process' posterior",
        ReverseVariance.Beta => "β_t of the forward process",
        _ => "learned by the network",
    };

    private static string Others(VariationalBound bound)
    {
        string others = string.Join("; ", bound.Totals.Where(total => total.Key != bound.Variance)
            .Select(total => $"with {Name(total.Key)} the total is {MarkdownTable.Interval(total.Value)}"));
        string chosen = bound.Options.Variance is null && bound.Variance != ReverseVariance.Learned ? ", the better of the two" : "";
        return $"{chosen} ({others})";
    }

    private static string Density(EvaluationReport report, VariationalBound bound)
    {
        string text = "This bounds a density of the scaled latents that the denoiser receives, not the number of bits of an image: "
            + "it may be negative, and scaling the latents by a factor adds the factor's log2. ";
        if (report.LatentScaleBits is { } bits)
        {
            Estimate total = bound.Total;
            Estimate unscaled = total with { Mean = total.Mean - bits, Low = total.Low - bits, High = total.High - bits };
            text += $"Per value of the autoencoder's own latents, before scaling, it is {MarkdownTable.Interval(unscaled)}. ";
        }

        return text + "Compare only denoisers with the same autoencoder and the same test images, of any prediction type or schedule. "
            + "The figure is not comparable across autoencoders, nor with the bits per pixel of the literature.\n\n";
    }
}
