namespace LatentDiffusion;

/// <summary>What to generate. Whatever is null is the pipeline's choice.</summary>
public sealed record GenerationRequest
{
    /// <summary>What the picture shows.</summary>
    public required string Prompt { get; init; }

    /// <summary>What it does not show; guidance leads away from it. Default empty.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>The first picture's seed; each further one has the next number. Null draws one, which the result tells.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Number of pictures, 1 to 1024. Default 1.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Sampling steps, at least 1.</summary>
    public int? Steps { get; init; }

    /// <summary>Guidance scale, at least 0; 1 is no guidance.</summary>
    public double? GuidanceScale { get; init; }

    /// <summary>Width in pixels, a multiple of the autoencoder's downsampling factor.</summary>
    public int? Width { get; init; }

    /// <summary>Height in pixels, a multiple of the autoencoder's downsampling factor.</summary>
    public int? Height { get; init; }

    /// <summary>
    /// How long it may take from the call on, waiting for a place included: more than zero, at most 24 days. Over it a
    /// <see cref="TimeoutException"/> comes within one evaluation of the network. Null is the pipeline's choice.
    /// </summary>
    public TimeSpan? TimeLimit { get; init; }
}
