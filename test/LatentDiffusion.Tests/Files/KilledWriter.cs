using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Files;

/// <summary>A process that writes images, a model folder or a cache repeatedly, and is killed.</summary>
/// <param name="what">Argument of the command: images, a model or a cache.</param>
/// <param name="model">The model folder that it reads.</param>
/// <param name="folder">The folder that it writes to.</param>
internal sealed class KilledWriter(string what, string model, string folder)
{
    /// <summary>Maximum milliseconds of writing before a kill: several rounds of each kind.</summary>
    private const int LatestKill = 120;

    /// <summary>Starts and kills the writer several times; after each kill, every file name refers to a complete file.</summary>
    public void Kill(int times)
    {
        var random = new Random(times);
        for (int kill = 0; kill < times; kill++)
        {
            using Process process = Start();
            Assert.NotNull(process.StandardOutput.ReadLine());
            Thread.Sleep(random.Next(LatestKill));
            Assert.False(process.HasExited, $"it ended before kill {kill + 1}");
            process.Kill();
            process.WaitForExit();
            CheckFiles();
        }
    }

    /// <summary>Lets the writer finish once; afterwards no temporary files of the killed writers remain.</summary>
    public void Finish()
    {
        using Process process = Start("--rounds", "1");
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
        CheckFiles();
        Assert.DoesNotContain(
            Directory.GetFiles(folder, "*", SearchOption.AllDirectories),
            f => f.EndsWith(".tmp", StringComparison.Ordinal) || f.EndsWith(".partial", StringComparison.Ordinal));
    }

    private void CheckFiles()
    {
        foreach (string file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
        {
            switch (Path.GetExtension(file))
            {
                case ".png": new SkiaImageCodec().Decode(File.ReadAllBytes(file)); break;
                case ".json": using (System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(file))) break;
                case ".safetensors": CheckTensors(file); break;
            }
        }

        string finished = Path.Combine(folder, "model", "model_index.json");
        if (File.Exists(finished)) DiffusersFolder.Read(Path.GetDirectoryName(finished)!).Dispose();
    }

    private static void CheckTensors(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Find(RowColumns.ChecksName) is not { } checks) return;
        using Microsoft.Win32.SafeHandles.SafeFileHandle handle = File.OpenHandle(path);
        Assert.Empty(RowColumns.FromFile(file, checks.Shape[0])!.Damaged(handle, checks.Shape[0], default));
    }

    private Process Start(params string[] more)
    {
        string[] arguments = [BuildSettings.Benchmarks, "write", what, model, folder, .. more];
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }
}
