using System.Text;
using System.Text.Json.Nodes;
using LatentDiffusion.Samples;
using LatentDiffusion.Training;

namespace TrainFromScratch;

/// <summary>
/// Number of steps of a stage: the recipe's, or as many as fit into the given hours. The speed is measured once, on a few steps
/// that are then undone, and the number of steps is stored in <c>plan.json</c>, because the learning rate schedule depends on it
/// and a resumed run must not measure again.
/// </summary>
internal static class TrainingPlan
{
    private const string PlanFile = "plan.json";
    private const int FewestSteps = 100;
    private const double SecondsPerHour = 3600;

    /// <param name="context">The run.</param>
    /// <param name="stage">Name of the stage.</param>
    /// <param name="options">The recipe's options.</param>
    /// <param name="objective">The stage's objective.</param>
    /// <param name="fraction">Fraction of the hours for the stage.</param>
    /// <returns>Null if the run was cancelled.</returns>
    public static TrainingOptions? Create(
        RunContext context, string stage, TrainingOptions options, ITrainingObjective objective, double fraction)
    {
        double? hours = context.Settings.Hours;
        long steps = (long)context.Agree(_ => Planned(context, hours)[stage]?["steps"]!.GetValue<long>() ?? 0);
        if (steps == 0)
        {
            if (hours is null) return options;
            if (SecondsPerStep(context, options, objective) is not { } seconds) return null;
            steps = (long)context.Agree(_ => Math.Max(FewestSteps, (long)(hours.Value * SecondsPerHour * fraction / seconds)));
            context.Write(run =>
            {
                JsonObject plan = Planned(context, null);
                plan[stage] = new JsonObject { ["hours"] = hours, ["steps"] = steps };
                run.Save(PlanFile, Encoding.UTF8.GetBytes(plan.ToJsonString()));
            });
        }

        OptimizerOptions optimizer = options.Optimizer with { WarmupSteps = Math.Min(options.Optimizer.WarmupSteps, steps / 10) };
        return options with { Steps = steps, Optimizer = optimizer };
    }

    /// <summary>The plan of each stage; those for other hours count only if none are given.</summary>
    private static JsonObject Planned(RunContext context, double? hours)
    {
        string path = context.File(PlanFile);
        JsonObject plan = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path))!.AsObject() : [];
        if (hours is not null)
            foreach (string other in plan.Where(p => p.Value!["hours"]!.GetValue<double>() != hours).Select(p => p.Key).ToArray())
                plan.Remove(other);
        return plan;
    }

    private static double? SecondsPerStep(RunContext context, TrainingOptions options, ITrainingObjective objective)
    {
        string folder = context.File("pace");
        context.Write(_ =>
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        });
        double? pace = TrainingPace.Measure(objective, options, folder, context.Processes, context.Cancellation);
        context.Write(_ => Directory.Delete(folder, recursive: true));
        return pace;
    }
}
