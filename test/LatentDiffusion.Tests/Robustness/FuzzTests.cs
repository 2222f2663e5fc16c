using LatentDiffusion.Fuzzing;
using Xunit;

namespace LatentDiffusion.Tests.Robustness;

/// <summary>
/// The short version of the fuzz command: every reader reads damaged input or refuses it with a documented exception, in
/// bounded memory. A failure names the seed, and <c>fuzz --target … --seed … --count 1</c> repeats it.
/// </summary>
public sealed class FuzzTests(FuzzTests.Targets targets) : IClassFixture<FuzzTests.Targets>
{
    private const int Inputs = 60, LongestTest = 15;

    // Each input is a whole model or an image.
    private static readonly HashSet<string> s_large = ["single-file", "model-index", "config-unet", "config-kl", "config-text"];

    private static readonly FuzzLimits s_limits = new(Cpu: null, Bytes: 200_000_000);

    public static TheoryData<string> Names => [.. FuzzTargets.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Damaged_input_is_read_or_refused(string name)
    {
        var run = new FuzzRun(targets.All[name], s_limits);
        FuzzOutcome[] outcomes = [.. Enumerable.Range(0, s_large.Contains(name) ? LongestTest : Inputs).Select(run.Try)];
        string problems = string.Join(
            '\n', outcomes.Where(o => o.Problem is not null).Select(o => $"--target {name} --seed {o.Seed}: {o.Problem}"));
        Assert.True(problems.Length == 0, problems);
    }

    /// <summary>Inputs that longer runs of the command found.</summary>
    [Theory]
    [InlineData("latent-cache-partial", 788)]
    [InlineData("latent-cache-partial", 959)]
    [InlineData("checkpoint", 141)]
    public void Inputs_that_failed_once_are_read_or_refused(string name, int seed) =>
        Assert.Null(new FuzzRun(targets.All[name], s_limits).Try(seed).Problem);

    [Fact]
    public void The_same_seed_makes_the_same_input()
    {
        FuzzTarget target = targets.All["lora"];
        Assert.Equal(target.Make(new Random(7)), target.Make(new Random(7)));
        Assert.NotEqual(target.Make(new Random(7)), target.Make(new Random(8)));
    }

    [Fact]
    public void What_is_not_documented_fails()
    {
        Assert.Contains("NullReference", Outcome(_ => throw new NullReferenceException("?")).Problem, StringComparison.Ordinal);
        var message = new InvalidDataException(new string('a', 2000));
        Assert.Contains("2000 characters", Outcome(_ => throw message).Problem, StringComparison.Ordinal);
        Assert.Contains("MB are allowed", Outcome(_ => GC.KeepAlive(new byte[300_000_000])).Problem, StringComparison.Ordinal);
        Assert.True(Outcome(_ => throw new InvalidDataException("no")) is { Refused: true, Problem: null });
        Assert.True(Outcome(_ => { }) is { Refused: false, Problem: null });

        static FuzzOutcome Outcome(Action<byte[]> read) =>
            new FuzzRun(new FuzzTarget("a", _ => [], read, typeof(InvalidDataException)), s_limits).Try(0);
    }

    /// <summary>The targets' files, shared by the tests.</summary>
    public sealed class Targets : IDisposable
    {
        public FuzzTargets All { get; } = new();

        public void Dispose() => All.Dispose();
    }
}
