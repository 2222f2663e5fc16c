using System.Runtime.InteropServices;
using Xunit;

namespace LatentDiffusion.Tests.Packaging;

/// <summary>The build step that lets TorchSharp's native library load on systems with an older libstdc++.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class NativeLibraryTargetsTests
{
    [Fact]
    public void Each_library_version_gets_its_own_patched_copy()
    {
        Assert.SkipUnless(RuntimeInformation.IsOSPlatform(OSPlatform.Linux), "Only the Linux library is patched.");
        using var folder = new TemporaryFolder();
        string packages = BuildSettings.Get("PackagesRoot");
        string original = Directory.GetFiles(Path.Combine(packages, "torchsharp"), "libLibTorchSharp.so", SearchOption.AllDirectories)
            .First(f => f.Contains("linux-x64", StringComparison.Ordinal));
        byte[] library = File.ReadAllBytes(original);
        string first = Package(folder, "1.0.0", library), second = Package(folder, "2.0.0", [.. library, 0]);

        // A project per build; 'obj' relative, or absolute as some build servers set it. The last two run at the same time.
        string targets = Path.Combine(BuildSettings.Get("RepositoryRoot"), "src/LatentDiffusion/buildTransitive/LatentDiffusion.targets");
        File.WriteAllText(folder["app.proj"], $"""
            <Project>
              <Target Name="ResolvePackageAssets">
                <ItemGroup><RuntimeTargetsCopyLocalItems Include="$(Library)" NuGetPackageVersion="$(LibraryVersion)" /></ItemGroup>
              </Target>
              <Import Project="{targets}" />
              <Target Name="Report" DependsOnTargets="ResolvePackageAssets">
                <WriteLinesToFile File="{folder["report.txt"]}" Lines="@(RuntimeTargetsCopyLocalItems->'%(FullPath)')" />
              </Target>
            </Project>
            """);
        string Build(string version, string library, string obj) => $"""
            <MSBuild Projects="app.proj" Targets="Report"
              Properties="Library={library};LibraryVersion={version};IntermediateOutputPath={obj}" />
            """;
        string absolute = folder["elsewhere"] + "/";
        File.WriteAllText(folder["all.proj"], $"""
            <Project>
              <ItemGroup>
                <Twin Include="app.proj" AdditionalProperties="Twin=1" />
                <Twin Include="app.proj" AdditionalProperties="Twin=2" />
              </ItemGroup>
              <Target Name="All">
                {Build("1.0.0", first, "obj/a/")}
                {Build("2.0.0", second, "obj/a/")}
                {Build("1.0.0", first, "obj/a/").Replace("Properties=\"", "Properties=\"Again=1;", StringComparison.Ordinal)}
                {Build("1.0.0", first, absolute)}
                <MSBuild Projects="@(Twin)" Targets="Report" BuildInParallel="true"
                  Properties="Library={first};LibraryVersion=1.0.0;IntermediateOutputPath=obj/twin/" />
              </Target>
            </Project>
            """);
        DotnetCommand.Run(folder["."], "msbuild", "all.proj", "-t:All", "-m:2", "-nologo", "-v:q");

        string[] reported = File.ReadAllLines(folder["report.txt"]);
        Assert.Equal(6, reported.Length);
        (string upgraded, string downgraded) = (reported[1], reported[2]);
        Assert.Equal(reported[0], downgraded);
        Assert.NotEqual(upgraded, downgraded);
        Assert.Contains("torchsharp-2.0.0-", upgraded, StringComparison.Ordinal);
        Assert.StartsWith(absolute, reported[3], StringComparison.Ordinal);
        Assert.Equal(reported[4], reported[5]);
        Assert.All(reported, file => Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!)));
        AssertWeakened(library, File.ReadAllBytes(downgraded));
        AssertWeakened([.. library, 0], File.ReadAllBytes(upgraded));
        Assert.All(reported, file => Assert.False(File.GetAttributes(file).HasFlag(FileAttributes.ReadOnly)));
        Assert.Equal(library, File.ReadAllBytes(first));
    }

    // Package folders of build servers are often read-only: the copy must not inherit that.
    private static string Package(TemporaryFolder folder, string version, byte[] library)
    {
        string file = folder[$"packages-{version}/libLibTorchSharp.so"];
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, library);
        File.SetAttributes(file, FileAttributes.ReadOnly);
        return file;
    }

    // One byte changes: the flags of the required version.
    private static void AssertWeakened(byte[] library, byte[] patched)
    {
        Assert.Equal(library.Length, patched.Length);
        int changed = Assert.Single(Enumerable.Range(0, library.Length), i => library[i] != patched[i]);
        Assert.Equal((0, 2), (library[changed], patched[changed]));
    }
}
