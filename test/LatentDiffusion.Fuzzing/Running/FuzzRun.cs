using System.Globalization;
using LatentDiffusion.Benchmarks;

namespace LatentDiffusion.Fuzzing;

/// <summary>Passes seeded inputs to one reader.</summary>
/// <param name="target">The reader.</param>
/// <param name="limits">Limits for one input.</param>
public sealed class FuzzRun(FuzzTarget target, FuzzLimits limits)
{
    private const int LongestMessage = 1000;

    /// <summary>Tests the input of one seed.</summary>
    public FuzzOutcome Try(int seed)
    {
        byte[] input = target.Make(new Random(seed));
        FuzzOutcome outcome = Read(seed, input);
        // The first run includes compilation, and garbage collection can hit any input.
        return outcome.Problem is not null && Excess(outcome) is not null ? Read(seed, input) : outcome;
    }

    private FuzzOutcome Read(int seed, byte[] input)
    {
        bool refused = false;
        string? problem = null;
        if (limits.Cpu is not null) PeakMemory.Restart();
        long resident = limits.Cpu is null ? 0 : PeakMemory.CurrentBytes, allocated = GC.GetAllocatedBytesForCurrentThread();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        try
        {
            target.Read(input);
        }
        catch (Exception e) when (target.Documents(e))
        {
            refused = true;
            if (e.Message.Length > LongestMessage)
                problem = $"The message of {e.GetType().Name} has {e.Message.Length} characters: {e.Message[..200]}…";
        }
        catch (Exception e)
        {
            problem = e.ToString();
        }

        TimeSpan cpu = Environment.CpuUsage.TotalTime - before;
        long bytes = Math.Max(GC.GetAllocatedBytesForCurrentThread() - allocated, limits.Cpu is null ? 0 : PeakMemory.Bytes - resident);
        var outcome = new FuzzOutcome(seed, refused, problem, cpu, bytes);
        return outcome with { Problem = problem ?? Excess(outcome) };
    }

    private string? Excess(FuzzOutcome outcome)
    {
        if (limits.Cpu is { } cpu && outcome.Cpu > cpu)
            return string.Create(
                CultureInfo.InvariantCulture,
                $"It took {outcome.Cpu.TotalSeconds:F2} s of processor time; at most {cpu.TotalSeconds} s are allowed.");
        return outcome.Bytes > limits.Bytes
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"It took {outcome.Bytes / 1e6:F1} MB; at most {limits.Bytes / 1e6:F0} MB are allowed.")
            : null;
    }
}
