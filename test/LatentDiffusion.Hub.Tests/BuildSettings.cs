using System.Reflection;

namespace LatentDiffusion.Hub.Tests;

/// <summary>Settings from the build for tests that start other programs.</summary>
internal static class BuildSettings
{
    /// <summary>Folder of the sources.</summary>
    public static string Root => Get("RepositoryRoot");

    /// <summary>Path of the assembly of the downloading process.</summary>
    public static string Downloader => Program("test", "LatentDiffusion.Hub.Downloader");

    /// <summary>Path of the assembly of the sample for published models.</summary>
    public static string Sample => Program("samples", "StableDiffusion");

    private static string Program(string folder, string name) =>
        Path.Combine(Root, folder, name, "bin", Get("Configuration"), "net10.0", $"{name}.dll");

    private static string Get(string name) => typeof(BuildSettings).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == name).Value!;
}
