using System.Globalization;

namespace LatentDiffusion.Tests.Training;

/// <summary>How far a run of another process has come.</summary>
internal static class WrittenSteps
{
    private const string Prefix = "checkpoint-";

    /// <summary>Whether it has written a checkpoint of a step or of a later one: only the newest stay.</summary>
    public static bool Reach(string checkpoints, int step) =>
        Directory.Exists(checkpoints)
        && Directory.GetFiles(checkpoints, $"{Prefix}*.safetensors")
            .Any(f => int.Parse(Path.GetFileNameWithoutExtension(f)[Prefix.Length..], CultureInfo.InvariantCulture) >= step);
}
