namespace LatentDiffusion.Benchmarks;

/// <summary>A few steps of denoiser training and of LoRA: losses and weights.</summary>
internal static class GoldenTraining
{
    private static readonly DenoiserTrainingOptions s_options = new() { BatchSize = 2, CaptionDropout = 0.4 };

    public static IEnumerable<GoldenCase> Cases(GoldenModels models) =>
    [
        Denoiser(models, "sd1", () => models["sd1"], s_options),
        Denoiser(models, "sd1 with every noise", () => models["sd1"], s_options with
        {
            OffsetNoise = 0.1, InputPerturbation = 0.1, HuberDelta = 0.1,
            Weighting = new MinSnrWeighting(), Timesteps = new LogitNormalTimesteps(),
        }),
        Denoiser(models, "sd1 only the U-Net", () => models["sd1"], s_options with { TrainTextEncoder = false }),
        Denoiser(
            models, "sd1 bfloat16", () => models["sd1"], s_options,
            GoldenRun.Options with { Precision = TrainingPrecision.BFloat16, GradientAccumulation = 2 }),
        Denoiser(models, "sd1 learned variance", models.WithLearnedVariance, s_options with { LearnedVariance = true }),
        Denoiser(
            models, "sd1 flow", () => models.WithScheduler("sd1", "FlowMatchEulerDiscreteScheduler"),
            s_options with { PredictionType = PredictionType.Flow, FlowTimeShift = 2 }),
        Denoiser(models, "sd2", () => models["sd2"], s_options with { PredictionType = PredictionType.Velocity }),
        Denoiser(models, "sd1-tiny", () => models["sd1-tiny"], s_options),
        Denoiser(models, "xl", () => models["xl"], s_options),
        Denoiser(models, "xl-refiner", () => models["xl-refiner"], s_options with { AestheticScore = 7 }),
        .. ((string[])["sd1", "xl"]).Select(family => Lora(models, family)),
    ];

    private static GoldenCase Denoiser(
        GoldenModels models, string name, Func<string> folder, DenoiserTrainingOptions options, TrainingOptions? training = null) =>
        new($"training/{name}", hashes =>
        {
            using ModelComponents model = DiffusersFolder.Read(folder());
            using LatentCache data = GoldenImages.Encode(model, models);
            using var objective = new DenoiserObjective(model, data, options);
            GoldenRun.Train(objective, models.NewPath("run"), hashes, training);
        });

    /// <summary>Trains adapters, saves them and generates with them at two scales.</summary>
    private static GoldenCase Lora(GoldenModels models, string family) => new($"training/{family} LoRA", hashes =>
    {
        string file = models.NewPath("lora.safetensors");
        using ModelComponents model = DiffusersFolder.Read(models[family]);
        using LatentCache data = GoldenImages.Encode(model, models);
        using (var objective = new DenoiserObjective(model, data, s_options))
        using (var lora = new LoraTraining(objective.Modules, new LoraTrainingOptions { Rank = 2, Alpha = 3, Seed = 5 }))
        {
            GoldenRun.Train(lora.Objective(objective), models.NewPath("run"), hashes);
            lora.Save(file);
        }

        GoldenGeneration.Case("", () => models[family], build: b => b.UseLora(file).UseLora(file, -0.3)).Run(hashes);
    });
}
