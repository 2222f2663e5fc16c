using LatentDiffusion;

namespace Lab;

/// <summary>A way to draw: a model with a scheduler, a number of steps and a guidance scale.</summary>
/// <param name="Name">Name in tables.</param>
/// <param name="Pipeline">The model.</param>
internal sealed record SamplingMethod(string Name, DiffusionPipeline Pipeline)
{
    /// <summary>Images that the network evaluates at once.</summary>
    public const int BatchSize = 8;

    /// <summary>Name of the scheduler; null for the model's own.</summary>
    public string? Scheduler { get; init; }

    /// <summary>Sampling steps; null for the model's own number.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale, 1 for none; null for the model's own.</summary>
    public double? Guidance { get; init; }

    /// <summary>The steps that it takes.</summary>
    public int StepCount => Steps ?? Pipeline.Model!.Steps ?? RequestSettings.Steps.Default!.Value;

    /// <summary>The guidance scale that it uses.</summary>
    public double GuidanceScale => Guidance ?? Pipeline.Model!.GuidanceScale ?? RequestSettings.GuidanceScale.Default!.Value;

    /// <summary>Draws one image for each prompt.</summary>
    /// <param name="prompts">The prompts.</param>
    /// <param name="seed">Seed of the first image; the others have the next ones.</param>
    /// <param name="cancellationToken">Stops the drawing.</param>
    public ImageBuffer[] Draw(IReadOnlyList<string> prompts, ulong seed, CancellationToken cancellationToken)
    {
        GenerationRequest[] requests =
        [
            .. prompts.Select((prompt, i) => new GenerationRequest
            {
                Prompt = prompt, Seed = unchecked(seed + (ulong)i), SchedulerName = Scheduler, Steps = Steps, GuidanceScale = Guidance,
            }),
        ];
        return [.. Pipeline.Generate(requests, null, cancellationToken).Select(result => result.Images[0].Image)];
    }
}
