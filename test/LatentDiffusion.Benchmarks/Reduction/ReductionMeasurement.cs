using System.CommandLine;
using System.Diagnostics;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>What the sum of gradients costs in one training step of the shipped model, as process 0 sees it.</summary>
/// <param name="Processes">Number of processes, each with one batch of a step.</param>
/// <param name="Values">Number of gradients.</param>
/// <param name="StepSeconds">Median time of a step.</param>
/// <param name="SumSeconds">Median time of its sum, once all processes have their gradients.</param>
/// <param name="WaitSeconds">Median wait for the slowest process before the sum.</param>
/// <param name="AloneSeconds">Median time of a sum while nothing is trained.</param>
/// <param name="AgreementSeconds">Time of an exchange of empty messages, of which a step has a few.</param>
internal sealed record ReductionMeasurement(
    int Processes, long Values, double StepSeconds, double SumSeconds, double WaitSeconds, double AloneSeconds, double AgreementSeconds)
{
    public const string Name = "measure-reduction";

    private const int WarmUp = 2, Repetitions = 20, Agreements = 200;

    /// <summary>The command that mpirun starts.</summary>
    public static Command Command()
    {
        var steps = new Argument<int>("steps");
        var batch = new Argument<int>("batch");
        var anyOrder = new Argument<bool>("any-order");
        var command = new Command(Name) { steps, batch, anyOrder };
        command.Hidden = true;
        command.SetAction(parsed =>
        {
            set_num_threads(1);
            using var group = OpenMpiReducer.Join(new OpenMpiOptions { RankOrdered = !parsed.GetValue(anyOrder) });
            ReductionMeasurement measured = Measure(group, parsed.GetValue(steps), parsed.GetValue(batch));
            if (group.Rank == 0) ChildProcess.Print(measured);
        });
        return command;
    }

    private static ReductionMeasurement Measure(OpenMpiReducer group, int steps, int batch)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("reduction-benchmark-");
        try
        {
            using var shipped = new ShippedTraining(folder.FullName, batch);
            using var enough = new CancellationTokenSource();
            var times = new StepTimes(WarmUp, steps, enough);
            var timed = new TimedReducer(group);
            TrainingOptions options = shipped.Options with
            {
                Steps = WarmUp + steps + 1, CheckpointEvery = long.MaxValue, GradientAccumulation = group.Size,
            };
            new Trainer(options) { Reducer = timed }.Run(shipped.Objective, Path.Combine(folder.FullName, "run"), times, enough.Token);
            double alone = Alone(group, timed.Length);
            double agreement = Agreement(group);
            return new ReductionMeasurement(
                group.Size, timed.Length, times.Median, Median(timed.Sums), Median(timed.Waits), alone, agreement);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static double Alone(OpenMpiReducer group, long length)
    {
        if (group.Size == 1) return 0;
        var timed = new TimedReducer(group);
        using Tensor values = ones(length);
        for (int i = 0; i < WarmUp + Repetitions; i++)
        {
            timed.Add(values);
            timed.Complete(values);
        }

        return Median(timed.Sums);
    }

    private static double Agreement(OpenMpiReducer group)
    {
        if (group.Size == 1) return 0;
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; i < Agreements; i++) group.Gather([]);
        return Stopwatch.GetElapsedTime(began).TotalSeconds / Agreements;
    }

    private static double Median(List<double> times) => times.Count == 0 ? 0 : times[Math.Min(WarmUp, times.Count - 1)..].Order().ElementAt(
        (times.Count - Math.Min(WarmUp, times.Count - 1)) / 2);
}
