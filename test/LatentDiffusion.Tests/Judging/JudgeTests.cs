using LatentDiffusion.Evaluation;
using LatentDiffusion.Judge;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Tests.Pipelines;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Judging;

/// <summary>The judge of the drawings, as the evaluation uses it, and the files of its measurements.</summary>
public sealed class JudgeTests
{
    [Fact]
    public void Captions_say_again_what_they_were_made_of()
    {
        foreach (DrawingCombination combination in DrawingCatalog.Combinations)
            foreach (DrawingTemplate template in Enum.GetValues<DrawingTemplate>())
                Assert.Equal(combination, DrawingCombination.FromCaption(combination.Caption(template)));
        ArgumentException unknown = Assert.Throws<ArgumentException>(() => DrawingCombination.FromCaption("a green unicorn"));
        Assert.Contains("a green unicorn", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_score_above_half_means_the_most_probable_class()
    {
        var reading = new Reading(["red", "blue", "green"], [0.5f, 0.3f, 0.2f]);
        Assert.Equal("red", reading.Best);
        Assert.Equal(0.5 / 0.8, reading.RelativeProbability("red"), 6);
        Assert.Equal(0.3 / 0.8, reading.RelativeProbability("blue"), 6);
        Assert.Equal(0.2 / 0.7, reading.RelativeProbability("green"), 6);
    }

    [Fact]
    public void A_held_out_sample_has_every_subject_in_proportion()
    {
        IReadOnlyList<DrawingCombination> some = HeldOutSample.Take(DrawingCatalog.HeldOut.Count / 2);
        Assert.Equal(some.Count, some.Distinct().Count());
        Assert.Equal(DrawingCatalog.HeldOut, HeldOutSample.Take(null));
        foreach (IGrouping<string, DrawingCombination> subject in DrawingCatalog.HeldOut.GroupBy(c => c.Subject))
            Assert.InRange(some.Count(c => c.Subject == subject.Key), subject.Count() / 2 - 1, subject.Count() / 2 + 1);
    }

    [Fact]
    public void A_trained_judge_scores_and_describes_in_an_evaluation()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains("train --judge", Assert.Throws<FileNotFoundException>(() => Classifier.Open(folder[""])).Message);
        // After two steps its answers are useless, but well formed.
        var progress = new Progress<TrainingProgress>();
        Assert.True(JudgeTraining.Run(folder["judge"], 64, 2, TrainingPrecision.Float32, progress, CancellationToken.None));
        using Classifier judge = Classifier.Open(folder["judge"]);
        (ImageBuffer Image, string Caption)[] drawings = [.. new DrawingSet(5, 128).Take(6)];
        PromptAdherence adherence = PromptAdherence.Measure(
            new JudgeScorer(judge), [.. drawings, (drawings[0].Image, "a drawing of a star with a jewel in the center")]);
        Assert.Equal(7, adherence.ImageCount);
        // A caption that leaves the colour open has no score for it.
        Assert.Equal([("subject", 7), ("colour", 6), ("attribute", 7)], adherence.Aspects.Select(a => (a.Aspect, a.Right.Count)));
        // Images of other sizes are scaled to that of the judge, and a judge of another size is not continued.
        Assert.Contains("64 pixels; expected 128", Assert.Throws<InvalidDataException>(
            () => JudgeTraining.Run(folder["judge"], 128, 2, TrainingPrecision.Float32, progress, CancellationToken.None)).Message);
        using Tensor features = new JudgeFeatures(judge).ExtractAll(drawings.Select(d => d.Image));
        Assert.Equal([6, JudgeNetwork.Features], features.shape);
    }

    [Fact]
    public void Blur_augmentation_keeps_drawings_recognisable_and_is_seeded()
    {
        using Tensor pixels = ImageTensor.FromImages([.. new DrawingSet(5, 128).Take(8).Select(d => d.Image)]);
        using Tensor once = Smeared(1), again = Smeared(1), other = Smeared(2);
        Assert.Equal(once.data<float>().ToArray(), again.data<float>().ToArray());
        Assert.NotEqual(once.data<float>().ToArray(), other.data<float>().ToArray());
        Assert.InRange(once.abs().max().item<float>(), 0.9f, 1f);
        // Closer to its own drawing than to any other.
        using Tensor own = (once - pixels).square().mean([1, 2, 3]), others = (once - pixels.roll(1, 0)).square().mean([1, 2, 3]);
        Assert.True(own.lt(others).all().item<bool>());

        Tensor Smeared(ulong seed)
        {
            using var generator = new Generator(seed);
            return BlurAugmentation.Apply(pixels, generator);
        }
    }

    [Fact]
    public void Existing_images_are_reused_and_those_of_other_models_refused()
    {
        using var model = new TinyModel();
        using var folder = new TemporaryFolder();
        using DiffusionPipeline pipeline = model.Builder().Configure(o => o.Steps = 3).Build();
        ImageRequest[] requests = ImageRequest.Create(["a blue bird", "a drawing of a star"], 2);
        var images = new GeneratedImages(folder["images"], "model a");
        images.Make(pipeline, requests[..3], workers: 2, progress: null, CancellationToken.None);
        DateTime[] before = Written();
        var counts = new List<int>();
        new GeneratedImages(folder["images"], "model a")
            .Make(pipeline, requests, workers: 1, new Counter(counts), CancellationToken.None);
        Assert.Equal([3, 4], counts);
        Assert.Equal(before, Written());
        Assert.Equal(
            pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1 }).Images[0].Image.Rgb.ToArray(),
            images.Read(requests[1]).Rgb.ToArray());
        Assert.Contains("model b", Assert.Throws<InvalidDataException>(() => new GeneratedImages(folder["images"], "model b")).Message);

        DateTime[] Written() => [.. requests[..3].Select(o => File.GetLastWriteTimeUtc(Path.Combine(folder["images"], o.FileName)))];
    }

    [Fact]
    public void Steps_are_as_many_as_the_evaluations_allow()
    {
        SchedulerConfig model = SchedulerConfig.Parse(
            """
            { "_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear" }
            """);
        Assert.Equal(10, StepBudget.ForScheduler(KnownSchedulers.Ddim, model, 10));
        // Two evaluations per step, except the last.
        Assert.Equal(5, StepBudget.ForScheduler(KnownSchedulers.Heun, model, 10));
        Assert.Null(StepBudget.ForScheduler(KnownSchedulers.FlowMatchEuler, model, 10));
    }

    [Fact]
    public void What_is_measured_is_of_the_models_own_size_and_sampled_as_is_said()
    {
        using var model = new TinyModel();
        CountingDenoiser? counter = null;
        var settings = new SamplingSettings { Scheduler = KnownSchedulers.Ddim, Steps = 4, Scale = 3, Stop = 0.5, BFloat16 = true };
        using (DiffusionPipeline counted = settings.Pipeline(model.Folder, denoiser => counter = new CountingDenoiser(denoiser)))
            Draw(counted);

        Assert.Equal(6, counter!.Evaluations);
        using DiffusionPipeline pipeline = settings.Pipeline(model.Folder);
        using DiffusionPipeline float32 = (settings with { BFloat16 = false }).Pipeline(model.Folder);
        using DiffusionPipeline own = new DiffusionPipelineBuilder().UseModelFolder(model.Folder).Build();
        ImageBuffer drawn = Draw(pipeline);
        Assert.Equal((Draw(own).Width, Draw(own).Height), (drawn.Width, drawn.Height));
        Assert.NotEqual(Draw(float32).Rgb.ToArray(), drawn.Rgb.ToArray());
        Assert.Equal("ddim-4-steps-scale-3-until-0.5-bfloat16", settings.ToString());

        static ImageBuffer Draw(DiffusionPipeline pipeline) =>
            pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1 }).Images[0].Image;
    }

    [Fact]
    public void Images_are_timed_in_turns_and_only_while_sampling()
    {
        using var model = new TinyModel();
        using var folder = new TemporaryFolder();
        var sampled = new SampledModel(model.Folder);
        SamplingSettings quick = new() { Steps = 1 }, slow = new() { Steps = 40, Scale = 3 };
        var counts = new List<int>();
        ImageTimes times = ImageTimes.Measure(
            folder[""], sampled, [quick, slow], "a blue bird", new Counter(counts), CancellationToken.None);
        Assert.Equal(Enumerable.Range(1, ImageTimes.CountFor(2)), counts);
        Assert.True(times.SecondsFor(sampled, quick) > 0 && times.SecondsFor(sampled, slow) > 0);
        Assert.Null(times.SecondsFor(sampled, quick with { Scale = 3 }));
        Assert.Equal(times.SecondsFor(sampled, slow), ImageTimes.Read(folder[""]).SecondsFor(sampled, slow));
        Assert.Null(ImageTimes.Read(folder["elsewhere"]).SecondsFor(sampled, slow));
    }

    [Fact]
    public void Tables_mark_fewer_evaluations_and_omit_unmeasured_seconds()
    {
        CellResult result = new()
        {
            Key = "", Row = "heun", Column = "10", Evaluations = 9, All = Proportion.FromCounts(93, 100), Kernel = 15.03, Frechet = 419.34,
        };
        Assert.Contains("| heun |  | 93 %, 15.0 (9) |  |  |", QualityTables.Solvers([result]), StringComparison.Ordinal);
        string full = QualityTables.Solvers([result with { Evaluations = 10 }]);
        Assert.Contains("| heun |  | 93 %, 15.0 |  |  |", full, StringComparison.Ordinal);
        Assert.DoesNotContain("seconds", QualityTables.Rows([result]), StringComparison.Ordinal);
        Assert.Contains("| heun | 9 | 1.50 | 93.0 % (", QualityTables.Rows([result with { Seconds = 1.5 }]), StringComparison.Ordinal);
    }

    [Fact]
    public void Settings_of_a_folder_are_those_it_was_begun_with()
    {
        using var folder = new TemporaryFolder();
        FolderSettings.Check(folder["runs"], "1000 steps", "a training");
        FolderSettings.Check(folder["runs"], "1000 steps", "a training");
        string message = Assert.Throws<InvalidDataException>(
            () => FolderSettings.Check(folder["runs"], "2000 steps", "a training")).Message;
        Assert.Contains("has a training of '1000 steps'; expected '2000 steps'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Defaults_list_the_settings_that_change_images()
    {
        var shipped = new SampledModel(null);
        using DiffusionPipeline pipeline = shipped.Builder().Build();
        string usual = shipped.Describe(pipeline);
        Assert.Contains("14 steps, guidance scale 1.5", usual, StringComparison.Ordinal);
        Assert.Contains("IntervalGuidance", usual, StringComparison.Ordinal);
        using DiffusionPipeline other = shipped.Builder().UseGuidance(_ => new ClassifierFreeGuidance()).Build();
        Assert.NotEqual(usual, shipped.Describe(other));
    }

    [Fact]
    public void A_pages_figures_are_replaced_and_its_prose_kept()
    {
        using var folder = new TemporaryFolder();
        string page = folder["page.md"];
        File.WriteAllText(page, "Before.\n\n<!-- speed -->\nold\n<!-- end -->\n\nAfter.\n");
        GeneratedPage.Replace(page, "speed", "new\n\nfigures\n");
        Assert.Equal("Before.\n\n<!-- speed -->\nnew\n\nfigures\n<!-- end -->\n\nAfter.\n", File.ReadAllText(page));
        Assert.Contains("guidance", Assert.Throws<InvalidDataException>(() => GeneratedPage.Replace(page, "guidance", "")).Message);
    }

    private sealed class Counter(List<int> counts) : IProgress<int>
    {
        public void Report(int value) => counts.Add(value);
    }
}
