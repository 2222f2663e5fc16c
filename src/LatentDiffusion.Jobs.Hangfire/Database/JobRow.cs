using System.Data.Common;
using System.Globalization;
using System.Text.Json;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>A row of the table of jobs as a status.</summary>
internal static class JobRow
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web);

    /// <summary>The columns that <see cref="Read"/> expects, before a position.</summary>
    public const string Columns =
        "id, model, caller, state, created, started, ended, completed_steps, total_steps, preview, images, error, attempts";

    public static JobStatus Read(DbDataReader row) => new()
    {
        Id = row.GetString(0), Model = row.GetString(1), Caller = row.GetString(2), State = (JobState)row.GetInt32(3),
        Created = Time(row, 4)!.Value, Started = Time(row, 5), Ended = Time(row, 6), CompletedSteps = row.GetInt32(7),
        TotalSteps = row.GetInt32(8), Preview = Parse<StoredImage>(row, 9), Images = Parse<StoredImage[]>(row, 10) ?? [],
        Error = Parse<JobError>(row, 11), Attempts = row.GetInt32(12),
        Position = row.IsDBNull(13) ? null : Convert.ToInt32(row.GetValue(13), CultureInfo.InvariantCulture),
    };

    public static string Json<T>(T value) => JsonSerializer.Serialize(value, s_json);

    private static T? Parse<T>(DbDataReader row, int column) where T : class =>
        row.IsDBNull(column) ? null : JsonSerializer.Deserialize<T>(row.GetString(column), s_json);

    private static DateTimeOffset? Time(DbDataReader row, int column) =>
        row.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));
}
