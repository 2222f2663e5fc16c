namespace Lab;

/// <summary>Options of the experiment.</summary>
internal sealed record LabSettings
{
    /// <summary>Folder of the report.</summary>
    public required string Out { get; init; }

    /// <summary>How long all sections may take together.</summary>
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(9);

    /// <summary>Seed of drawings, weights, noise and generated images.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Width and height of the drawings in pixels, a multiple of 16.</summary>
    public int Size { get; init; } = 32;

    /// <summary>Threads of one operation.</summary>
    public int Threads { get; init; } = Environment.ProcessorCount;

    /// <summary>Folder of the model that is compared with the small one; null for the shipped one.</summary>
    public string? Model { get; init; }
}
