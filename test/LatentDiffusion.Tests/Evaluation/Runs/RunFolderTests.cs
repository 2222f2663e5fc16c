using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Evaluation;

public sealed class RunFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_is_recorded_is_read_again_stage_by_stage()
    {
        using (RunFolder run = RunFolder.Open(_folder["run"]))
        {
            run.Record("autoencoder", 10, ("loss", 0.25));
            run.Record("denoiser", 10, ("loss", 1.0 / 3), ("gradient_norm", double.NaN));
            run.Record("denoiser", 20, new LossEstimate(0.5, 0.1, 9));
            Assert.Equal([new MetricPoint(10, 0.25)], run.Read("autoencoder", "loss"));
        }

        // A second look, as after a restart.
        using RunFolder again = RunFolder.Open(_folder["run"]);
        Assert.Equal([new MetricPoint(10, 1.0 / 3)], again.Read("denoiser", "loss"));
        Assert.Empty(again.Read("denoiser", "gradient_norm"));
        Assert.Equal([new MetricPoint(20, 0.5)], again.Read("denoiser", "validation_loss"));
        // 2.306004135 is the 97.5 % point of Student's distribution with 8 degrees of freedom.
        Assert.Equal(0.2306004135, Assert.Single(again.Read("denoiser", "validation_margin")).Value, 1e-9);
        Assert.All(File.ReadAllLines(Path.Combine(_folder["run"], "metrics.jsonl")), line => JsonDocument.Parse(line).Dispose());
    }

    [Fact]
    public void A_run_keeps_to_the_data_it_began_with()
    {
        using (RunFolder run = RunFolder.Open(_folder["run"])) run.RequireData("images 1");
        using RunFolder again = RunFolder.Open(_folder["run"]);
        again.RequireData("images 1");
        string[] before = Directory.GetFiles(_folder["run"]);
        var e = Assert.Throws<InvalidDataException>(() => again.RequireData("images 2"));
        Assert.Contains("images 1; now images 2", e.Message, StringComparison.Ordinal);
        Assert.Equal(before, Directory.GetFiles(_folder["run"]));
        again.RequireData("images 1");
    }

    [Fact]
    public void A_file_of_the_run_is_replaced()
    {
        using RunFolder run = RunFolder.Open(_folder["run"]);
        foreach (byte content in (byte[])[1, 2])
        {
            string path = run.Save("report.md", [content]);
            Assert.Equal([content], File.ReadAllBytes(path));
            Assert.Equal(run.Location, Path.GetDirectoryName(path));
        }
    }

    [Fact]
    public void A_trend_is_recorded_once_it_can_be_told()
    {
        using (RunFolder run = RunFolder.Open(_folder["run"]))
        {
            for (int i = 1; i <= 20; i++)
            {
                run.Record("denoiser", 100 * i, ("learning_rate", i < 20 ? 1e-3 : 2e-5));
                run.Record("denoiser", 100 * i, new LossEstimate(0.5 + 0.01 * Math.Cos(9 * i), 0.1, 9));
                run.Record("denoiser", run.Judge("denoiser"));
            }
        }

        using RunFolder again = RunFolder.Open(_folder["run"]);
        ConvergenceEstimate estimate = again.Judge("denoiser");
        // The window reaches back half of the steps: the eighth validation in it is the fourteenth of all.
        Assert.Equal(Enumerable.Range(14, 7).Select(i => 100L * i), again.Read("denoiser", "trend").Select(p => p.Step));
        Assert.Equal((estimate.Slope, estimate.Low, estimate.High),
            (again.Read("denoiser", "trend")[^1].Value,
                again.Read("denoiser", "trend_low")[^1].Value,
                again.Read("denoiser", "trend_high")[^1].Value));
        string events = Assert.Single(Directory.GetFiles(_folder["run"], "events.out.tfevents.*"));
        Assert.Equal(7, TensorBoardReader.Read(events).Count(e => e.Values.Any(v => v.Tag == "denoiser/trend_low")));
        Assert.Equal(ConvergenceVerdict.Flat, estimate.Verdict);
        Assert.Equal(0.02, estimate.LearningRateFraction!.Value, 1e-12);
        Assert.Contains(
            string.Create(
                System.Globalization.CultureInfo.InvariantCulture,
                $"A fall of up to {-estimate.Low:G3} in 1000 steps is not ruled out, " +
                    $"and the learning rate had decayed to 2"),
            estimate.ToString(),
            StringComparison.Ordinal);
        Assert.DoesNotContain("decayed", (estimate with { LearningRateFraction = 0.5 }).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_resumed_stage_neither_loses_nor_repeats_a_line()
    {
        using (RunFolder run = RunFolder.Open(_folder["run"]))
        {
            for (int step = 1; step <= 30; step++) run.Record("autoencoder", step, ("loss", step));
            for (int step = 1; step <= 20; step++) run.Record("denoiser", step, ("loss", step));
        }

        // Killed while writing line 21, with a checkpoint of step 15.
        File.AppendAllText(Path.Combine(_folder["run"], "metrics.jsonl"), """{"stage":"denoiser","st""");
        using RunFolder resumed = RunFolder.Open(_folder["run"]);
        Assert.Equal(20, resumed.Read("denoiser", "loss").Count);
        resumed.ResumeAt("denoiser", 15);
        for (int step = 16; step <= 25; step++) resumed.Record("denoiser", step, ("loss", step));
        Assert.Equal(Enumerable.Range(1, 25).Select(i => new MetricPoint(i, i)), resumed.Read("denoiser", "loss"));
        Assert.Equal(30, resumed.Read("autoencoder", "loss").Count);
        Assert.Empty(Directory.GetFiles(_folder["run"], "*.tmp"));

        string events = Assert.Single(Directory.GetFiles(_folder["run"], "events.out.tfevents.*"));
        Assert.Equal(
            Enumerable.Range(1, 25).Select(i => (long)i),
            TensorBoardReader.Read(events).Where(e => e.Values.Any(v => v.Tag == "denoiser/loss")).Select(e => e.Step));
        Assert.Equal(30, TensorBoardReader.Read(events).Count(e => e.Values.Any(v => v.Tag == "autoencoder/loss")));
    }

    [Fact]
    public void What_the_objective_tells_is_recorded_beside_the_loss()
    {
        using RunFolder run = RunFolder.Open(_folder["run"]);
        run.Record("autoencoder", new TrainingProgress(3, 9, 0.5, 0.6, 1e-3, 2, TimeSpan.FromSeconds(7), TimeSpan.FromSeconds(14))
        {
            Metrics = new Dictionary<string, double> { ["reconstruction"] = 0.4, ["codebook_perplexity"] = 11, ["loss"] = 99 },
        });
        Assert.Equal(
            """{"stage":"autoencoder","step":3,"loss":0.5,"learning_rate":0.001,"gradient_norm":2,"seconds":""" +
                """7,"codebook_perplexity":11,"reconstruction":0.4}""",
            Assert.Single(File.ReadAllLines(Path.Combine(_folder["run"], "metrics.jsonl"))));
    }

    [Fact]
    public void Only_one_may_have_the_folder_and_is_named()
    {
        using (RunFolder.Open(_folder["run"]))
        {
            var e = Assert.Throws<RunFolderInUseException>(() => RunFolder.Open(_folder["run"]));
            Assert.Equal(_folder["run"], e.Folder);
            Assert.Contains(_folder["run"], e.Message, StringComparison.Ordinal);
            Assert.Contains($"process {Environment.ProcessId} (", e.Message, StringComparison.Ordinal);
        }

        RunFolder.Open(_folder["run"]).Dispose();
    }

    [Fact]
    public void A_changed_configuration_keeps_the_earlier_one()
    {
        using RunFolder run = RunFolder.Open(_folder["run"]);
        run.Configure(new JsonObject { ["steps"] = 100 });
        run.Configure(new JsonObject { ["steps"] = 100 });
        run.Configure(new JsonObject { ["steps"] = 200 });
        run.Configure(new JsonObject { ["steps"] = 300 });
        Assert.Equal([300, 100, 200], new[] { "configuration.json", "configuration.1.json", "configuration.2.json" }.Select(Steps));
        Assert.Equal(3, Directory.GetFiles(_folder["run"], "configuration*").Length);

        int Steps(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["run"], file)))!["steps"]!.GetValue<int>();
    }

    [Fact]
    public void Sheets_beyond_the_resumed_step_go()
    {
        using RunFolder run = RunFolder.Open(_folder["run"]);
        var image = new ImageBuffer(2, 1, [255, 0, 0, 0, 0, 255]);
        string first = run.AddImageGrid("denoiser", 100, image),
            second = run.AddImageGrid("denoiser", 200, image),
            other = run.AddImageGrid("denoiser-2", 200, image);
        run.ResumeAt("denoiser", 100);
        Assert.True(File.Exists(first));
        Assert.False(File.Exists(second));
        Assert.True(File.Exists(other));
        Assert.Equal(image.Rgb.ToArray(), new SkiaImageCodec().Decode(File.ReadAllBytes(first)).Rgb.ToArray());
    }

    [Theory]
    [InlineData("")]
    [InlineData("../elsewhere")]
    [InlineData("a b")]
    public void A_stage_needs_a_name_that_is_a_file_name(string stage)
    {
        using RunFolder run = RunFolder.Open(_folder["run"]);
        Assert.Throws<ArgumentException>(() => run.Record(stage, 1, ("loss", 1)));
        Assert.Throws<ArgumentException>(() => run.Checkpoints(stage));
    }

    [Fact]
    public void A_line_that_is_no_metric_is_named()
    {
        using (RunFolder run = RunFolder.Open(_folder["run"])) run.Record("denoiser", 1, ("loss", 1));
        File.AppendAllText(Path.Combine(_folder["run"], "metrics.jsonl"), "[1, 2]\n");
        using RunFolder again = RunFolder.Open(_folder["run"]);
        var e = Assert.Throws<InvalidDataException>(() => again.Read("denoiser", "loss"));
        Assert.Contains("Line 2", e.Message, StringComparison.Ordinal);
        Assert.Contains("metrics.jsonl", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_loss_is_drawn_with_its_validation()
    {
        using RunFolder run = RunFolder.Open(_folder["run"]);
        for (int step = 1; step <= 200; step++)
            run.Record("denoiser", step, ("loss", 1 + 3.0 / step), ("learning_rate", 1e-3 * Math.Min(1, step / 50.0)));
        for (int step = 20; step <= 200; step += 20) run.Record("denoiser", step, new LossEstimate(1.2 + 3.0 / step, 0.03, 16));
        byte[] linear = File.ReadAllBytes(run.DrawLoss("denoiser")),
            logarithmic = File.ReadAllBytes(run.DrawLoss("denoiser", logarithmic: true, "log.png"));
        Assert.NotEqual(linear, logarithmic);
        foreach (byte[] png in new[] { linear, logarithmic })
        {
            ImageBuffer plot = new SkiaImageCodec().Decode(png);
            Assert.Equal((1000, 600), (plot.Width, plot.Height));
            // Blue for training, red for validation, gray for the rate, each as a pure colour somewhere.
            foreach ((byte red, byte green, byte blue) in new (byte, byte, byte)[]
            {
                (0x1f, 0x77, 0xb4),
                (0xd6, 0x27, 0x28),
                (0x8c, 0x8c, 0x8c)
            })
                Assert.True(plot.Rgb.IndexOf([red, green, blue]) >= 0, $"({red}, {green}, {blue}) is not in the plot");
        }

        Assert.Equal(
            ["log.png", "loss.png"],
            Directory.GetFiles(_folder["run"], "*.png").Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }
}
