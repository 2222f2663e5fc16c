namespace LatentDiffusion.Tests.Reference;

/// <summary>Where reference figures are: the folder named by the environment, or the copy beside the tests.</summary>
public static class ReferenceFolder
{
    public static string Path { get; } = Environment.GetEnvironmentVariable("LATENTDIFFUSION_REFERENCE") is { Length: > 0 } folder
        ? folder
        : System.IO.Path.Combine(AppContext.BaseDirectory, "Reference");
}
