namespace LatentDiffusion.Jobs.Worker;

/// <summary>The jobs of tests and long runs, by number.</summary>
internal static class WorkedJobs
{
    /// <summary>Steps of a short job.</summary>
    public const int ShortSteps = 4;

    private const int Callers = 3;

    private static readonly string[] s_prompts =
        ["a blue bird", "a red cat with a hat", "a green dragon", "a yellow star", "a purple fish", "an orange dog with a cape"];

    /// <summary>A job.</summary>
    /// <param name="number">Its number.</param>
    /// <param name="steps">Steps of its image.</param>
    /// <param name="hasPreviews">Whether every other job has a preview of each step, which takes time of its own.</param>
    public static ImageJob Create(int number, int steps = ShortSteps, bool hasPreviews = true) => new()
    {
        Id = $"job-{number}", Model = "drawings", Caller = $"caller {number % Callers}",
        PreviewEvery = hasPreviews ? number % 2 : 0,
        Request = new GenerationRequest { Prompt = s_prompts[number % s_prompts.Length], Seed = (ulong)number, Steps = steps },
    };
}
