using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Training.Distributed;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Evaluation;

[Collection(LiveTensors.Collection)]
public sealed class EvaluationReportTests(TinyModel model) : IClassFixture<TinyModel>
{
    private static readonly ModelEvaluationOptions s_small = new()
    {
        ImageCount = 4, Buckets = 2, TimestepsPerBucket = 1, BoundTimesteps = 3, Generated = 8, SheetColumns = 1,
        NeighbourPool = 20, Steps = 2, Seed = 5,
    };

    private static EvaluationData Data => new()
    {
        Test = new DrawingImages(new DrawingSource(7, DrawingSplit.HeldOut, 20)), TestName = "held-out | drawings",
        Training = new DrawingImages(new DrawingSource(7, size: 20)), TrainingName = "drawings",
        Prompts = ["a star", "a <blue> | bird"],
        Scorer = new PromptAdherenceTests.Fixed([[new("subject", 1)], [new("subject", 0), new("colour", 1)]]),
    };

    [Fact]
    public void The_same_call_twice_gives_the_same_files_and_leaves_no_tensor()
    {
        using var folder = new TemporaryFolder();
        ReportFolder.Write(new ModelEvaluation(s_small).Run(model.Folder, Data), folder["first"]);
        DiffusionModel opened = DiffusionModel.Open(model.Folder);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => opened).Build();
        string name = $"{Path.GetFileName(Path.GetDirectoryName(model.Folder))}/model";
        long before = LiveTensors.Settled();
        ReportFolder.Write(new ModelEvaluation(s_small).Run(name, opened, pipeline, Data), folder["second"]);
        Assert.Equal(before, Tensor.TotalCount);
        string[] files = [.. Directory.GetFiles(folder["first"]).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(
            [
                "loss.png", "neighbour-distances.png", "neighbours.png", "reconstructions.png", "report.json", "report.md",
                "samples.png",
            ],
            files);
        foreach (string file in files)
        {
            Assert.Equal(
                File.ReadAllBytes(Path.Combine(folder["first"], file)),
                File.ReadAllBytes(Path.Combine(folder["second"], file)));
        }
    }

    [Theory, InlineData(2), InlineData(3)]
    public void Processes_that_evaluate_together_report_what_one_reports(int ranks)
    {
        using var folder = new TemporaryFolder();
        EvaluationData data = Data with { Scorer = new ByBrightness() };
        ReportFolder.Write(new ModelEvaluation(s_small).Run(model.Folder, data), folder["one"]);
        (EvaluationReport? Value, Exception? Failure)[] shared =
            ThreadGroup.Run(ranks, group => new ModelEvaluation(s_small) { Processes = group }.Run(model.Folder, data));
        foreach ((EvaluationReport? report, Exception? failure) in shared)
        {
            Assert.Null(failure);
            ReportFolder.Write(report!, folder["shared"]);
            foreach (string file in Directory.GetFiles(folder["one"]))
                Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(folder["shared"], Path.GetFileName(file))));
            Directory.Delete(folder["shared"], recursive: true);
        }
    }

    [Fact]
    public void The_files_tell_all_figures()
    {
        using var folder = new TemporaryFolder();
        var stages = new List<EvaluationProgress>();
        EvaluationReport report = new ModelEvaluation(s_small).Run(model.Folder, Data, new StageProgress<EvaluationProgress>(stages.Add));
        ReportFolder.Write(report, folder["report"]);
        Assert.Equal(
            ["test loss", "variational bound", "training loss", "autoencoder", "sample sheet", "generated images", "nearest neighbours"],
            stages.Select(s => s.Stage).Distinct());
        Assert.All(stages.GroupBy(s => s.Stage), stage => Assert.Equal(1, stage.Last().Fraction, 1e-12));

        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["report"], "report.json")));
        JsonElement root = json.RootElement;
        Assert.Equal(16, root.GetProperty("image_size").GetInt32());
        Assert.Equal("epsilon", root.GetProperty("test_loss").GetProperty("prediction_type").GetString());
        JsonElement bucket = root.GetProperty("test_loss").GetProperty("buckets")[1];
        Assert.Equal(report.TestLoss.Buckets[1].Loss.Mean, bucket.GetProperty("loss").GetProperty("mean").GetDouble());
        Assert.Equal(report.LossComparison!.Gap.Low, root.GetProperty("loss_comparison").GetProperty("gap").GetProperty("low").GetDouble());
        Assert.Equal(report.Bound!.Total.Mean, root.GetProperty("bound").GetProperty("total").GetProperty("mean").GetDouble());
        Assert.Equal(report.Autoencoder!.BitsPerPixel, root.GetProperty("autoencoder").GetProperty("bits_per_pixel").GetDouble());
        Assert.Equal(4, root.GetProperty("distances").GetArrayLength());
        Assert.Equal(8, root.GetProperty("neighbours").GetProperty("pairs").GetArrayLength());
        Assert.Equal(10, root.GetProperty("adherence").GetProperty("image_count").GetInt32());
        Assert.Equal(5, root.GetProperty("options").GetProperty("seed").GetInt32());

        string page = File.ReadAllText(Path.Combine(folder["report"], "report.md"));
        string[] headings =
            ["Denoising loss", "Variational bound", "Autoencoder", "Samples", "Prompts", "Distances", "Nearest training images"];
        foreach (string heading in headings)
            Assert.Contains($"## {heading}", page, StringComparison.Ordinal);
        Assert.Contains("a &lt;blue> \\| bird", page, StringComparison.Ordinal);
        // The bound: its variance, the other total, and its value for the latents before scaling.
        Assert.Equal(report.Bound.Variance.ToString(), root.GetProperty("bound").GetProperty("variance").GetString(), ignoreCase: true);
        JsonElement total = root.GetProperty("bound").GetProperty("totals")
            .GetProperty(report.Bound.Variance.ToString().ToLowerInvariant());
        Assert.Equal(report.Bound.Total.Mean, total.GetProperty("mean").GetDouble());
        Assert.Contains("the better of the two", page, StringComparison.Ordinal);
        using ModelComponents parts = DiffusersFolder.Read(model.Folder);
        double scale = ((AutoencoderKL)parts.Autoencoder).Config.ScalingFactor;
        Assert.Equal(Math.Log2(scale), report.LatentScaleBits!.Value, 1e-12);
        Assert.NotEqual(1, scale);
        string unscaled = (report.Bound.Total.Mean - Math.Log2(scale)).ToString("F4", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Contains($"before scaling, it is {unscaled}", page, StringComparison.Ordinal);
        // The images of the page exist and are complete.
        var codec = new SkiaImageCodec();
        foreach (string line in page.Split('\n').Where(l => l.StartsWith("![", StringComparison.Ordinal)))
            Assert.True(codec.Decode(File.ReadAllBytes(Path.Combine(folder["report"], line.Split('(', ')')[1]))).Width > 16);
        ImageBuffer sheet = codec.Decode(File.ReadAllBytes(Path.Combine(folder["report"], "samples.png")));
        // An image with a margin of 6; two rows with a label of 20 each.
        Assert.Equal((16 + 12, 6 + 2 * (20 + 16 + 6)), (sheet.Width, sheet.Height));
    }

    [Fact]
    public void The_bound_is_of_the_variance_and_likelihood_asked_for()
    {
        ModelEvaluationOptions options = s_small with
        {
            Generated = 0, BoundVariance = ReverseVariance.Posterior, BoundLikelihood = DataLikelihood.EightBit,
        };
        EvaluationReport report = new ModelEvaluation(options).Run(model.Folder, Data with { Prompts = [] });
        Assert.Equal((ReverseVariance.Posterior, DataLikelihood.EightBit), (report.Bound!.Variance, report.Bound.Options.Likelihood));
    }

    [Fact]
    public void What_is_left_out_is_absent()
    {
        using var folder = new TemporaryFolder();
        EvaluationReport report = new ModelEvaluation(s_small with { Generated = 0, BoundTimesteps = 0 })
            .Run(model.Folder, new EvaluationData { Test = Data.Test, TestName = "drawings" });
        ReportFolder.Write(report, folder["report"]);
        Assert.Equal(
            ["loss.png", "reconstructions.png", "report.json", "report.md"],
            Directory.GetFiles(folder["report"]).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder["report"], "report.json")));
        foreach (string name in new[] { "loss_comparison", "training_loss", "bound", "neighbours", "adherence", "samples" })
            Assert.False(json.RootElement.TryGetProperty(name, out _), name);
        string page = File.ReadAllText(Path.Combine(folder["report"], "report.md"));
        Assert.DoesNotContain("training", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_generated_copy_is_found()
    {
        var copy = new NeighbourReport(
            "pixels",
            9,
            [new("a", 1, 3, "three", 0.001), new("b", 2, 4, "four", 0.5), new("c", 3, 5, "five", 0.7)],
            [0.3, 0.4, 0.6, 0.9]);
        Assert.Equal(1, copy.NearerThanAnyTest);
        Assert.Equal(0.5, copy.GeneratedMedian);
        Assert.Equal(0.5, copy.TestMedian);
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        string message = Assert.Throws<ValidationException>(() => new ModelEvaluation(s_small with { ImageCount = 1 })).Message;
        Assert.Contains("ImageCount", message, StringComparison.Ordinal);
        message = Assert.Throws<ValidationException>(() => new ModelEvaluation(s_small with { Generated = 3 })).Message;
        Assert.Contains("Generated is 3", message, StringComparison.Ordinal);
    }

    /// <summary>A training run's cache and its images give the same losses, except for the half precision of the cache.</summary>
    [Fact]
    public void A_cache_gives_the_same_set_as_its_images()
    {
        using var folder = new TemporaryFolder();
        using DisposeScope scope = NewDisposeScope();
        using ModelComponents components = DiffusersFolder.Read(model.Folder);
        var autoencoder = (AutoencoderKL)components.Autoencoder;
        ClipTokenizer tokenizer = components.Tokenizer!.Build();
        var images = new DrawingImages(new DrawingSource(3, size: 16));
        using LatentCache cache = LatentCache.Open(folder["latents.safetensors"], "test", autoencoder, tokenizer, images, 5);
        using EvaluationSet cached = EvaluationSet.FromCache(cache, 4, autoencoder.Config, components.TextEncoder!);
        using EvaluationSet read = EvaluationSet.Encode(
            [.. Enumerable.Range(0, 4).Select(i => images.Read(i))],
            new LatentAutoencoder(autoencoder),
            new ClipTextEncoder(components.TextEncoder!, tokenizer));
        Assert.Equal(
            read.Latents.data<float>().ToArray(),
            cached.Latents.data<float>().ToArray(),
            (a, b) => Math.Abs(a - b) < 2e-3 * Math.Max(1, Math.Abs(a)));
        Assert.Equal(
            read.Conditioning.HiddenStates.data<float>().ToArray(),
            cached.Conditioning.HiddenStates.data<float>().ToArray(),
            (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Throws<ArgumentOutOfRangeException>(() => EvaluationSet.FromCache(cache, 6, autoencoder.Config, components.TextEncoder!));
    }

    /// <summary>A score that follows from the image alone, whatever was scored before.</summary>
    private sealed class ByBrightness : IPromptScorer
    {
        public string Name => "brightness";

        public IReadOnlyList<PromptScore> Score(ImageBuffer image, string prompt) => [new("bright", image.Rgb[0] / 255.0)];
    }
}
