using System.Reflection;

namespace LatentDiffusion.Jobs.Tests;

/// <summary>Settings from the build for tests that start other programs.</summary>
internal static class BuildSettings
{
    private const string Name = "LatentDiffusion.Jobs.Worker";

    /// <summary>Path of the assembly of the worker process.</summary>
    public static string Worker =>
        Path.Combine(Get("RepositoryRoot"), "test", Name, "bin", Get("Configuration"), "net10.0", $"{Name}.dll");

    private static string Get(string name) => typeof(BuildSettings).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == name).Value!;
}
