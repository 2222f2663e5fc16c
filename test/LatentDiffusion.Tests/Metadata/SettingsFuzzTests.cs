using LatentDiffusion.Fuzzing;
using Xunit;

namespace LatentDiffusion.Tests.Metadata;

/// <summary>Two thousand damaged texts, graphs and files are read or refused, in bounded memory.</summary>
public sealed class SettingsFuzzTests : IDisposable
{
    private readonly FuzzTargets _targets = new();

    public void Dispose() => _targets.Dispose();

    [Theory]
    [InlineData("settings-text")]
    [InlineData("settings-comfyui")]
    [InlineData("settings-programs")]
    [InlineData("settings-files")]
    public void Damaged_settings_are_read_or_refused(string name)
    {
        var run = new FuzzRun(_targets[name], new FuzzLimits(Cpu: null, Bytes: 50_000_000));
        FuzzOutcome[] outcomes = [.. Enumerable.Range(0, 500).Select(run.Try)];
        string problems = string.Join('\n', outcomes.Where(o => o.Problem is not null).Select(o => $"--seed {o.Seed}: {o.Problem}"));
        Assert.True(problems.Length == 0, problems);
        // The damage leaves some readable and some not.
        Assert.Contains(outcomes, o => o.Refused || name == "settings-programs");
        Assert.Contains(outcomes, o => !o.Refused);
    }
}
