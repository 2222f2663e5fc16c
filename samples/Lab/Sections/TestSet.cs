using System.Globalization;
using System.Text;
using LatentDiffusion;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Schedulers;

namespace Lab;

/// <summary>The loss by timestep on training images, unseen images, and unseen captions.</summary>
internal static class TestSet
{
    private const int MostImages = 96, Buckets = 10, BatchSize = 16;

    public static Section Run(LabContext lab, DrawingSets data, DiffusionModel model)
    {
        lab.Log.Write("losses on unseen images");
        DiffusionProcess process = DiffusionProcess.FromConfig(model.SchedulerConfig);
        int perBucket = lab.Settings.Time < TimeSpan.FromMinutes(1) ? 1 : 2;
        int count = Math.Min(MostImages, data.Unseen.Images.Count);
        var options = new DenoisingLossOptions
        {
            Seed = lab.Settings.Seed, Buckets = Buckets, TimestepsPerBucket = perBucket, BatchSize = BatchSize,
        };
        DenoisingLoss training = Measure(data.Training), unseen = Measure(data.Unseen), captions = Measure(data.UnseenCaptions);
        var images = new LossComparison(unseen, training);
        var texts = new LossComparison(captions, training);

        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <p>Three sets of {count} images: of the training set, other drawings with captions as in training, and drawings with captions
            that were left out of the training, those of the six prompts among them. The simple loss is measured at the same
            {Buckets * perBucket} timesteps with the same noise in all sets, by bucket of timesteps. The intervals hold for 95 %
            of such sets of images.</p>

            """);
        html.Append(Html.Plots(
            Html.Figure(lab.Report, "test-loss", "Simple loss by timestep, with 95 % intervals", Losses(training, unseen, captions)),
            Html.Figure(lab.Report, "test-gap", "Loss minus that of training images", Gaps(images, texts))));
        html.Append(Html.Table(
            ["timesteps", "training images", "unseen images", "gap", "unseen captions", "gap"],
            [
                .. unseen.Buckets.Select((bucket, i) => (string[])
                [
                    $"{bucket.FirstTimestep} to {bucket.LastTimestep}", Text(training.Buckets[i].Loss), Text(bucket.Loss),
                    Text(images.BucketGaps[i]), Text(captions.Buckets[i].Loss), Text(texts.BucketGaps[i]),
                ]),
                ["all", Text(training.Overall), Text(unseen.Overall), Text(images.Gap), Text(captions.Overall), Text(texts.Gap)],
            ]));
        html.Append(Verdict(images, "images")).Append(Verdict(texts, "captions"));
        html.Append(Bound());
        return new Section("test", "Losses on unseen images", html.ToString());

        DenoisingLoss Measure(ImageList list)
        {
            using EvaluationSet set = Encode(list);
            return DenoisingLoss.Measure(model.Denoiser, process, set, options, cancellationToken: lab.Cancellation);
        }

        EvaluationSet Encode(ImageList list) => EvaluationSet.Encode(
            [.. list.Images.Take(count)], model.Autoencoder, model.TextEncoder, cancellationToken: lab.Cancellation);

        string Bound()
        {
            using EvaluationSet set = Encode(data.Unseen);
            VariationalBound bound = VariationalBound.Measure(
                model.Denoiser, process, set,
                new VariationalBoundOptions { Seed = lab.Settings.Seed, Timesteps = Buckets * perBucket, BatchSize = BatchSize },
                cancellationToken: lab.Cancellation);
            return $"""
                <p>The weighted losses of all timesteps and the ends add up to the variational bound of −log p(z<sub>0</sub>): on the unseen
                images {Text(bound.Total)} bits per latent value. It is that of a density, and may be negative.</p>

                """;
        }
    }

    private static string Verdict(LossComparison comparison, string what)
    {
        string gap = Text(comparison.Gap);
        string verdict = comparison.Gap switch
        {
            { Low: > 0 } => $"The loss on unseen {what} is higher, by {gap}: the model knows its training images better.",
            { High: < 0 } => $"The loss on unseen {what} is lower, by {gap}: these images are easier.",
            _ => $"The loss on unseen {what} differs by {gap}, within chance: the model does not memorise its training images.",
        };
        return $"<p class=\"verdict\">{verdict}</p>\n";
    }

    private static LinePlot Losses(DenoisingLoss training, DenoisingLoss unseen, DenoisingLoss captions) => new(
        "t", "mean squared error of ε",
        Line("training images", training.Buckets, [.. training.Buckets.Select(b => b.Loss)], -8),
        Line("unseen images", training.Buckets, [.. unseen.Buckets.Select(b => b.Loss)], 0),
        Line("unseen captions", training.Buckets, [.. captions.Buckets.Select(b => b.Loss)], 8))
    {
        YRange = (0, 1.1 * unseen.Buckets.Concat(training.Buckets).Concat(captions.Buckets).Max(b => b.Loss.High)),
    };

    private static LinePlot Gaps(LossComparison images, LossComparison texts) => new(
        "t", "gap",
        new Curve("", [0, images.Test.Buckets[^1].LastTimestep], [0, 0]) { IsFaint = true, Color = 0 },
        Line("unseen images", images.Test.Buckets, images.BucketGaps, -4) with { Color = 1 },
        Line("unseen captions", images.Test.Buckets, texts.BucketGaps, 4) with { Color = 2 })
    {

    };

    /// <summary>A curve over the buckets, moved aside so that intervals do not hide each other.</summary>
    private static Curve Line(string name, IReadOnlyList<LossBucket> buckets, IReadOnlyList<Estimate> values, double aside) => new(
        name, [.. buckets.Select(b => (b.FirstTimestep + b.LastTimestep) / 2.0 + aside)], [.. values.Select(v => v.Mean)])
    {
        Margin = [.. values.Select(v => v.High - v.Mean)], HasMarkers = true,
    };

    private static string Text(Estimate value)
    {
        // Without the sign of a zero.
        double mean = Math.Round(value.Mean, 4) + 0.0;
        return string.Create(CultureInfo.InvariantCulture, $"{mean:F4} ± {value.High - value.Mean:F4}").Replace('-', '−');
    }
}
