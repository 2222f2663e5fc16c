using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training.Distributed;

/// <summary>
/// The training program under mpirun, killed or not, ends with the weights, moments and averages of one process that accumulates as many
/// batches. The normal run of the suite has the same with threads, in <see cref="DistributedTrainingTests"/>.
/// </summary>
[Trait(TestCategories.Name, TestCategories.Program)]
[Trait(TestCategories.Name, TestCategories.Long)]
[Trait(TestCategories.Name, TestCategories.Soak)]
public sealed class MpiTrainingTests : IDisposable
{
    private const int Kills = 10;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Processes_end_as_one_that_accumulates(int ranks)
    {
        MpiProgram.RequireMpirun();
        using (TrainingProgram one = TrainingProgram.Start(Arguments("one", ranks))) one.Finish();
        using (MpiProgram several = Start("several", ranks)) several.Succeed();
        AssertSame("one", "several");
    }

    [Fact]
    public void Processes_on_two_networks_end_as_one_that_accumulates()
    {
        using TwoNetworks networks = TwoNetworks.Create();
        using (TrainingProgram one = TrainingProgram.Start(Arguments("one", 2))) one.Finish();
        using (MpiProgram two = networks.Start(BuildSettings.Sample("TrainFromScratch"), Arguments("two", 2))) two.Succeed();
        AssertSame("one", "two");
    }

    [Theory]
    [InlineData(2, false)]
    [InlineData(4, false)]
    [InlineData(2, true)]
    [InlineData(4, true)]
    public void The_shipped_network_and_its_adapters_end_the_same(int ranks, bool adapters)
    {
        MpiProgram.RequireMpirun();
        string[] settings = ["50", $"{ranks}", $"{adapters}"];
        using (MpiProgram one = MpiProgram.Start(1, BuildSettings.Benchmarks, ["train-shared", _folder["one"], .. settings])) one.Succeed();
        using (MpiProgram several = MpiProgram.Start(ranks, BuildSettings.Benchmarks, ["train-shared", _folder["several"], .. settings]))
            several.Succeed();
        AssertSame("one", "several", "checkpoint-000000050.safetensors");
    }

    [Theory, InlineData(2), InlineData(4)]
    public void Killed_processes_end_as_one_that_was_not(int ranks)
    {
        MpiProgram.RequireMpirun();
        using (TrainingProgram one = TrainingProgram.Start(Arguments("one", ranks))) one.Finish();
        var random = new Random(7);
        for (int kill = 0; kill < Kills; kill++)
        {
            using MpiProgram killed = Start("killed", ranks);
            // From the first step on, wherever that is after the earlier kills.
            string[] before = Written("killed");
            SpinWait.SpinUntil(() => killed.HasExited || Written("killed").Except(before).Any(), TimeSpan.FromMinutes(5));
            Thread.Sleep(random.Next(300));
            if (killed.HasExited) break;
            if (kill % 2 == 0)
                killed.KillAll();
            else
            {
                IReadOnlyList<int> running = killed.Ranks;
                MpiProgram.Kill(running[random.Next(running.Count)]);
                (int exitCode, _) = killed.Finish();
                Assert.NotEqual(0, exitCode);
            }
        }

        using (MpiProgram resumed = Start("killed", ranks)) resumed.Succeed();
        AssertSame("one", "killed");
        TrainingProgram.AssertNothingLeft(_folder["killed"]);
    }

    private MpiProgram Start(string run, int ranks) =>
        MpiProgram.Start(ranks, BuildSettings.Sample("TrainFromScratch"), Arguments(run, ranks));

    private string[] Arguments(string run, int batches) =>
        ["--recipe", TrainingProgram.TinyRecipe, "--out", _folder[run], "--threads", "1", "--accumulation", $"{batches}"];

    private string[] Written(string run)
    {
        string checkpoints = Path.Combine(_folder[run], "checkpoints");
        return Directory.Exists(checkpoints) ? Directory.GetFiles(checkpoints, "*.safetensors", SearchOption.AllDirectories) : [];
    }

    private void AssertSame(string expected, string actual, string last = "denoiser/checkpoint-000000016.safetensors")
    {
        string[] files = Directory.GetFiles(_folder[expected], "*.safetensors", SearchOption.AllDirectories);
        Assert.Contains(files, f => f.EndsWith(last, StringComparison.Ordinal));
        foreach (string path in files)
        {
            using SafetensorsFile one = SafetensorsFile.Open(path);
            using SafetensorsFile other = SafetensorsFile.Open(path.Replace(_folder[expected], _folder[actual], StringComparison.Ordinal));
            Assert.Equal(one.Names.Order(), other.Names.Order());
            foreach (string name in one.Names)
            {
                using Tensor wanted = one.Read(name), there = other.Read(name);
                Assert.True(wanted.bytes.SequenceEqual(there.bytes), $"{name} of {path} differs");
            }
        }
    }
}
