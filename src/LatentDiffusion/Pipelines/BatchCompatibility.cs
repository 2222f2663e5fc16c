namespace LatentDiffusion;

/// <summary>What requests that are generated together have to agree in, for it belongs to the evaluations that their pictures share.</summary>
internal static class BatchCompatibility
{
    private static readonly (string Name, Func<GenerationRequest, object?> Of)[] s_settings =
    [
        (nameof(GenerationRequest.Width), r => r.Width),
        (nameof(GenerationRequest.Height), r => r.Height),
        (nameof(GenerationRequest.Steps), r => r.Steps),
        (nameof(GenerationRequest.GuidanceScale), r => r.GuidanceScale),
        (nameof(GenerationRequest.InitialImage), r => Given(r.InitialImage)),
        (nameof(GenerationRequest.Mask), r => Given(r.Mask)),
        (nameof(GenerationRequest.Strength), r => r.Strength),
        (nameof(GenerationRequest.Upscale), r => r.Upscale),
        (nameof(GenerationRequest.ControlWeights), r => r.ControlWeights is { } weights ? string.Join(", ", weights) : null),
        // One call has one limit.
        (nameof(GenerationRequest.TimeLimit), r => r.TimeLimit),
    ];

    /// <summary>Their names. All else is each request's own; of pictures, that there is one or none.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. s_settings.Select(s => s.Name)];

    /// <exception cref="ArgumentException">The requests, which are complete, do not agree; the message names the first difference.</exception>
    public static void Check(IReadOnlyList<GenerationRequest> requests)
    {
        for (int i = 1; i < requests.Count; i++)
        {
            foreach ((string name, Func<GenerationRequest, object?> of) in s_settings)
            {
                object? expected = of(requests[0]), value = of(requests[i]);
                RequestValidator.Check(
                    Equals(value, expected), FormattableString.Invariant($"requests[{i}].{name}"), value ?? "null",
                    FormattableString.Invariant($"{expected ?? "null"}, as in requests[0], for their pictures share evaluations"));
            }
        }
    }

    private static string? Given(ImageBuffer? picture) => picture is null ? null : "given";
}
