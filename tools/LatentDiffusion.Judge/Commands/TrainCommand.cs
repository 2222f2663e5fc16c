using System.CommandLine;

namespace LatentDiffusion.Judge;

/// <summary><c>train</c></summary>
internal static class TrainCommand
{
    public static Command Make()
    {
        var steps = CommonOptions.AtLeast(1, new Option<long>("--steps") { Description = "Steps of the whole run.", DefaultValueFactory = _ => 2000 });
        var command = new Command("train", "Trains the judge on drawings; a run that was stopped goes on.")
        {
            CommonOptions.Judge, CommonOptions.Threads, CommonOptions.BFloat16, steps,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () => Bar.Train(
            "the judge", parsed.GetValue(steps),
            progress => JudgeTraining.Run(CommonOptions.JudgeFolder(parsed), parsed.GetValue(steps), CommonOptions.Precision(parsed), progress, token)) ? 0 : 1));
        return command;
    }
}
