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
        var size = CommonOptions.AtLeast(JudgeSize.Smallest, new Option<int>("--size")
        {
            Description = "Width and height of the drawings in pixels. The judge scales the images that it is shown to this size.",
            DefaultValueFactory = _ => JudgeSize.Default,
        });
        var command = new Command("train", "Trains the judge on drawings. A stopped run continues.")
        {
            CommonOptions.Judge, CommonOptions.Threads, CommonOptions.BFloat16, steps, size,
        };
        command.SetAction((parsed, token) => CommonOptions.Run(parsed, () =>
        {
            (string folder, long total) = (CommonOptions.JudgeFolder(parsed), parsed.GetValue(steps));
            TrainingPrecision precision = CommonOptions.Precision(parsed);
            int pixels = parsed.GetValue(size);
            return Bar.Train("the judge", total, progress => JudgeTraining.Run(folder, pixels, total, precision, progress, token)) ? 0 : 1;
        }));
        return command;
    }
}
