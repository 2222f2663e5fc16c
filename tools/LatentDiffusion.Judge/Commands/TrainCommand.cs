using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary>The command <c>train</c>.</summary>
internal static class TrainCommand
{
    public static Command Make()
    {
        var steps = CommonOptions.AtLeast(1, new Option<long>("--steps")
        {
            Description = "Steps of the whole run.", DefaultValueFactory = _ => 2000,
        });
        var command = new Command("train", "Trains the judge on drawings. A stopped run continues.")
        {
            CommonOptions.Judge, CommonOptions.Threads, CommonOptions.BFloat16, steps,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            (string folder, long total) = (CommonOptions.JudgeFolder(parsed), parsed.GetValue(steps));
            TrainingPrecision precision = CommonOptions.Precision(parsed);
            return Bar.Train("the judge", total, progress => JudgeTraining.Run(folder, total, precision, progress, token)) ? 0 : 1;
        }));
        return command;
    }
}
