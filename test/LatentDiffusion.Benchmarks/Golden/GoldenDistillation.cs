namespace LatentDiffusion.Benchmarks;

/// <summary>A few steps of consistency distillation: losses, weights, and images of the student.</summary>
internal static class GoldenDistillation
{
    private static readonly ConsistencyTrainingOptions s_options = new() { BatchSize = 2, SolverSteps = 20, TargetDecay = 0.8 };

    public static IEnumerable<GoldenCase> Cases(GoldenModels models) =>
    [
        Case(models, "sd1", s_options),
        Case(models, "sd1 in two phases", s_options with { Phases = 2, SolverEvaluations = 2, HuberDelta = null }),
        Case(models, "sd2", s_options with { TargetDecay = 0 }),
    ];

    private static GoldenCase Case(GoldenModels models, string name, ConsistencyTrainingOptions options) =>
        new($"distillation/{name}", hashes =>
        {
            using ModelComponents teacher = DiffusersFolder.Read(models[name.Split(' ')[0]]);
            using LatentCache data = GoldenImages.Encode(teacher, models);
            using UNetDenoiser student = (UNetDenoiser)ConsistencyStudent.FromTeacher(teacher, 16);
            using var objective = new ConsistencyObjective(student, teacher, data, options);
            GoldenRun.Train(objective, models.NewPath("run"), hashes);
            string folder = models.NewPath("student");
            ConsistencyStudent.Write(teacher, student, objective.Scheduler, folder);
            GoldenGeneration.Case("", () => folder).Run(hashes);
        });
}
