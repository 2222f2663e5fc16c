namespace LatentDiffusion.Hub.Tests;

/// <summary>How the test server misbehaves in one answer with a file's content.</summary>
internal sealed record Answer
{
    public static Answer Honest { get; } = new();

    /// <summary>Status in place of the file; null for the file.</summary>
    public int? Status { get; init; }

    public int? RetryAfter { get; init; }

    public string? ErrorCode { get; init; }

    /// <summary>Closes the connection after so many bytes of the body; null for never.</summary>
    public int? DisconnectAfter { get; init; }

    /// <summary>Sends nothing more after so many bytes, and keeps the connection; null for never.</summary>
    public int? StallAfter { get; init; }

    /// <summary>Flips a bit of each byte from this position in the file; null for none.</summary>
    public int? WrongFrom { get; init; }

    /// <summary>Answers a request for a part with the whole file.</summary>
    public bool IgnoresRange { get; init; }

    /// <summary>What it adds to the sizes that it announces.</summary>
    public long ExtraSize { get; init; }

    /// <summary>Sends a part that begins one byte later than the requested one.</summary>
    public bool ShiftsRange { get; init; }
}
