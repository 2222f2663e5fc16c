using System.Text;

namespace LatentDiffusion.Evaluation;

/// <summary>The page's section on the variational bound: its terms, and what they are of.</summary>
internal static class BoundSection
{
    public static void Write(StringBuilder page, EvaluationReport report)
    {
        if (report.Bound is null && report.Options.BoundTimesteps == 0) return;
        page.Append("## Variational bound\n\n");
        if (report.Bound is not { } bound)
        {
            page.Append("This model has none: it is a flow, or predicts noise where its schedule leaves no signal, and there noise says nothing of the picture, or a timestep of its schedule adds no noise.\n\n");
            return;
        }

        bool density = bound.Options.Likelihood == DataLikelihood.Density;
        page.AppendTable(["term", density ? "bits per latent value" : "bits per value"], [
            ["L_T, the end beside pure noise", MarkdownTable.Interval(bound.Prior)],
            ["L_1 to L_(T-1), the denoising steps", MarkdownTable.Interval(bound.Divergences)],
            ["L_0, the data", MarkdownTable.Interval(bound.Reconstruction)],
            ["total", MarkdownTable.Interval(bound.Total)],
            ["L_0, were x_1 taken as it is", MarkdownTable.Interval(bound.UndenoisedReconstruction)]]);
        page.Append($"The reverse steps have the variance {Name(bound.Variance)}{Others(bound)}. ");
        page.Append("Intervals are over pictures, and over the timesteps drawn for each. L_0 without denoising is beside the total and not in it: what is below it is the last step's work.\n\n");
        page.Append(density ? Density(report, bound) : "The probability of 8-bit levels of values in [-1, 1]: comparable with other models on the same pixels, at any size of the network, and at least 0.\n\n");
    }

    private static string Name(ReverseVariance variance) => variance switch
    {
        ReverseVariance.Posterior => "β̃_t of the forward process' posterior",
        ReverseVariance.Beta => "β_t of the forward process",
        _ => "that the network learned",
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
        string text = "This bounds a density of the scaled latents that the denoiser sees, not a number of bits of the picture: it may be negative, and stretching the latents by a factor adds the factor's log2 to it. ";
        if (report.LatentScaleBits is { } bits)
        {
            Estimate total = bound.Total;
            Estimate unscaled = total with { Mean = total.Mean - bits, Low = total.Low - bits, High = total.High - bits };
            text += $"Per value of the autoencoder's own latents, before scaling, it is {MarkdownTable.Interval(unscaled)}. ";
        }

        return text + "Compare denoisers on the same autoencoder and the same test pictures, of any prediction or schedule; the figure says nothing between autoencoders, and nothing beside the bits per pixel of the literature.\n\n";
    }
}
