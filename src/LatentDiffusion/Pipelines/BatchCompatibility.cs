namespace LatentDiffusion;

/// <summary>Refuses requests that are generated together and differ in a setting of the evaluations that their images share.</summary>
internal static class BatchCompatibility
{
    /// <summary>Checks requests that are complete.</summary>
    /// <exception cref="ArgumentException">They do not agree; the message names the first difference.</exception>
    public static void Check(IReadOnlyList<GenerationRequest> requests)
    {
        for (int i = 1; i < requests.Count; i++)
        {
            foreach (RequestSetting setting in RequestSettings.All.Where(s => s.IsShared))
            {
                object? expected = setting.Get(requests[0]), value = setting.Get(requests[i]);
                RequestValidator.Check(
                    Equals(value, expected), FormattableString.Invariant($"requests[{i}].{setting.Name}"), value ?? "null",
                    FormattableString.Invariant($"{expected ?? "null"}, as in requests[0]: their images share evaluations"));
            }
        }
    }
}
